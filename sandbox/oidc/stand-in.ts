import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { importJWK, SignJWT } from 'jose';
import type Provider from 'oidc-provider';
import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { StandIn } from '../framework/stand-in.js';
import { accountNamed, accountsOf, claimsOf } from './accounts.js';
import { loginPage } from './login-page.js';
import { AUDIENCE, createProvider } from './provider.js';
import { newSigningKey, OidcSettings, OidcState } from './state.js';

const TokenWish = Type.Object(
  {
    /** name of the account, e.g. `ada` */
    account: Type.String(),
    /** OIDC client that the token is for */
    client: Type.Optional(Type.String()),
    /** seconds since 1970 of the sign-in; now when left out */
    authTime: Type.Optional(Type.Integer({ minimum: 0 })),
    /** seconds that the token is good for; negative for one that has expired */
    seconds: Type.Optional(Type.Integer()),
  },
  { additionalProperties: false },
);
const DEFAULT_CLIENT = 'gatehouse-page';
const FORM_LIMIT = 64 * 1024;

/**
 * The company's OIDC provider: authorization code with PKCE and a login page, client credentials for machines, JWT access
 * tokens for the audience `gatehouse`. Claims: `oid`, `person_id`, `groups` (ids), `name`, `email`, `auth_time`.
 *
 * Beside the common control routes: `POST /_sandbox/token {account, client?, authTime?, seconds?}` gives an access token
 * of a person without a browser, signed with the same key. Settings: `tokenSeconds`, `redirectUris`. The signing key is
 * kept on disk; sessions of browsers are not.
 */
export async function startOidc(context: StandInContext): Promise<RunningStandIn> {
  const { world } = context;
  const accounts = accountsOf(world);
  const standIn = new StandIn({
    system: 'oidc',
    folder: context.folder,
    state: {
      schema: OidcState,
      initial: () => ({
        key: newSigningKey('example-1'),
        cookieSecret: randomBytes(24).toString('base64url'),
        signIns: [],
      }),
    },
    settings: { schema: OidcSettings, defaults: { tokenSeconds: 3600, redirectUris: [] } },
    errorBody: (refusal) => ({
      error: refusal.code || 'invalid_request',
      error_description: refusal.message,
    }),
  });
  const running: { provider?: Provider } = {};
  const provider = (): Provider => {
    if (running.provider === undefined) throw new Refusal(503, 'the provider is starting');
    return running.provider;
  };

  // the provider reads forms by itself
  standIn.app.removeContentTypeParser('application/x-www-form-urlencoded');
  standIn.app.addContentTypeParser('application/x-www-form-urlencoded', (_request, payload, done) =>
    done(null, payload),
  );
  standIn.raw({
    id: 'show login page',
    method: 'GET',
    path: '/login/:uid',
    handle: async (request, reply) => {
      const { uid, prompt } = await detailsOf(provider(), request, reply);
      return page(reply, 200, loginPage({ uid, accounts, fresh: isFresh(prompt.reasons) }));
    },
  });
  standIn.raw({
    id: 'sign in',
    method: 'POST',
    path: '/login/:uid',
    handle: async (request, reply) => {
      const { uid, prompt } = await detailsOf(provider(), request, reply);
      // the last one counts: a click on a person beats the empty field above it
      const login = (await formOf(request)).getAll('login').at(-1) ?? '';
      const account = accountNamed(accounts, login);
      if (account === undefined) {
        return page(reply, 401, loginPage({ uid, accounts, fresh: isFresh(prompt.reasons), unknown: login }));
      }
      const at = Math.floor(Date.now() / 1000);
      await standIn.act('created', `sign-in ${account.login}`, () => {
        standIn.state.signIns.push({ account: account.id, at });
      });
      const back = await provider().interactionResult(
        request.raw,
        reply.raw,
        { login: { accountId: account.id, ts: at } },
        { mergeWithLastSubmission: false },
      );
      return reply.redirect(back, 303);
    },
  });
  standIn.raw({
    id: 'oidc',
    method: ['GET', 'POST'],
    path: '/*',
    handle: async (request, reply) => {
      reply.hijack();
      await provider().callback()(request.raw, reply.raw);
      return reply;
    },
  });
  const signingKey = await importJWK(standIn.state.key, 'ES256');
  standIn.control('POST', '/token', TokenWish, async (wish) => {
    const account = accountNamed(accounts, wish.account);
    if (account === undefined) throw new Refusal(404, `nobody is called ${wish.account}`);
    const now = Math.floor(Date.now() / 1000);
    const seconds = wish.seconds ?? standIn.settings.tokenSeconds;
    const client = wish.client ?? DEFAULT_CLIENT;
    const token = await new SignJWT({
      ...claimsOf(account),
      auth_time: wish.authTime ?? now,
      client_id: client,
      scope: 'openid profile email groups',
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: standIn.state.key.kid })
      .setIssuer(origin)
      .setSubject(account.id)
      .setAudience(AUDIENCE)
      .setJti(randomBytes(16).toString('base64url'))
      .setIssuedAt(seconds < 0 ? now + seconds - 1 : now)
      .setExpirationTime(now + seconds)
      .sign(signingKey);
    return { access_token: token, token_type: 'Bearer', expires_in: seconds };
  });

  const origin = await standIn.listen(context.port);
  running.provider = await createProvider({
    issuer: origin,
    world,
    accounts,
    state: standIn.state,
    settings: () => standIn.settings,
  });
  return { origin, close: () => standIn.close() };
}

/** The sign-in that is under way. Throws 400 for one that is over or of another browser. */
async function detailsOf(provider: Provider, request: FastifyRequest, reply: FastifyReply) {
  try {
    return await provider.interactionDetails(request.raw, reply.raw);
  } catch {
    throw new Refusal(400, 'this sign-in is over or belongs to another browser: start again', {
      code: 'invalid_request',
    });
  }
}

function isFresh(reasons: readonly string[]): boolean {
  return reasons.includes('max_age') || reasons.includes('login_prompt');
}

async function formOf(request: FastifyRequest): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.raw) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > FORM_LIMIT) throw new Refusal(413, 'the form is too large');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function page(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply
    .code(status)
    .headers({ 'cache-control': 'no-store', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' })
    .type('text/html; charset=utf-8')
    .send(html);
}
