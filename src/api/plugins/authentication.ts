/**
 * Who calls, and whether the route is for him. A route that says nothing is for signed-in callers only. A bearer token
 * counts before a cookie; a cookie never decides alone: what changes something also needs the page's origin and header.
 */
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Identity } from '../../domain/identity.js';
import { LedgerUnavailable } from '../../ledger/errors.js';
import { IdentityUnavailable } from '../ports.js';
import { Problem } from '../problems.js';
import type { Role, Roles } from '../roles.js';
import type { Sessions } from '../sign-in/sessions.js';

/** Sent by the page with every call that changes something; another site cannot set it without our consent. */
export const PAGE_HEADER = 'x-gatehouse-page';

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | null;
    /** how the caller is known */
    via: 'token' | 'session' | null;
    /** the request that the call is about, once it is known to exist */
    about: string | null;
  }
  interface FastifyContextConfig {
    /** who may call: anybody, whoever is signed in (default), or holders of one of these roles */
    access?: 'anybody' | 'signed-in' | readonly Role[];
  }
}

export interface AuthenticationOptions {
  readonly verifyToken: (token: string) => Promise<Identity>;
  readonly roles: Roles;
  /** absent: no page sessions */
  readonly sessions: Sessions | undefined;
  readonly publicUrl: string;
  /** the client of the Temporal UI; absent: tokens of every client may do what their bearer may */
  readonly temporalUiClient?: string | undefined;
}

export const authentication = fastifyPlugin(
  async (app: FastifyInstance, options: AuthenticationOptions) => {
    app.decorateRequest('identity', null);
    app.decorateRequest('via', null);
    app.decorateRequest('about', null);
    // first who it is, so that the rate limit counts callers; refused only after it
    app.addHook('onRequest', async (request) => {
      await recognise(request, options);
    });
    // before the body is read
    app.addHook('preParsing', async (request) => {
      enforce(request, options);
    });
  },
  { name: 'authentication' },
);

async function recognise(request: FastifyRequest, options: AuthenticationOptions): Promise<void> {
  const bearer = bearerOf(request);
  if (bearer !== undefined) {
    try {
      request.identity = await options.verifyToken(bearer);
      request.via = 'token';
    } catch (error) {
      if (error instanceof IdentityUnavailable) throw new Problem('unavailable', error.message);
      request.log.info({ reason: error instanceof Error ? error.message : 'unknown' }, 'token refused');
    }
    return;
  }
  const session = await sessionOf(request, options.sessions);
  if (session === undefined) return;
  request.identity = session;
  request.via = 'session';
}

/** What is for anybody, such as the health of the API, is answered without the database too. */
async function sessionOf(request: FastifyRequest, sessions: Sessions | undefined) {
  try {
    return await sessions?.read(request.cookies);
  } catch (error) {
    if (error instanceof LedgerUnavailable && accessOf(request) === 'anybody') return undefined;
    throw error;
  }
}

function bearerOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  // any Authorization header means: judge by it alone
  return /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1] ?? '';
}

function enforce(request: FastifyRequest, options: AuthenticationOptions): void {
  const { roles, publicUrl, temporalUiClient } = options;
  const access = accessOf(request);
  if (access === 'anybody') return;
  const { identity } = request;
  if (identity === null)
    throw new Problem('unauthenticated', 'Nobody is signed in, or the token does not hold.');
  // another program's page keeps such a token where its scripts can read it: it must not be good for a decision
  if (temporalUiClient !== undefined && identity.client === temporalUiClient) {
    throw new Problem(
      'forbidden',
      'This token was made for the Temporal UI and only reads payloads. Sign in to Gatehouse itself.',
    );
  }
  if (request.via === 'session' && !isSafe(request.method)) refuseForeignOrigin(request, publicUrl);
  if (access === 'signed-in') return;
  if (access.some((role) => roles.has(identity, role))) return;
  throw new Problem('forbidden', `This is for the roles: ${access.join(', ')}.`);
}

/** Whom a call is for; that there is nothing at an address, anybody may know. */
function accessOf(request: FastifyRequest): NonNullable<FastifyContextConfig['access']> {
  return request.is404 ? 'anybody' : (request.routeOptions.config.access ?? 'signed-in');
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** A browser says where a call comes from; a form or image on another site cannot say otherwise. */
function refuseForeignOrigin(request: FastifyRequest, publicUrl: string): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const fromPage =
    origin === new URL(publicUrl).origin &&
    request.headers[PAGE_HEADER] === '1' &&
    (site === undefined || site === 'same-origin');
  if (!fromPage) throw new Problem('foreign-origin', 'The call does not come from the page of Gatehouse.');
}

/** The caller of a route that is not for anybody. */
export function callerOf(request: FastifyRequest): Identity {
  if (request.identity === null) throw new Problem('unauthenticated', 'Nobody is signed in.');
  return request.identity;
}
