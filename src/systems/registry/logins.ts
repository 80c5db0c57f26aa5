import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { Deadline } from '../http/deadline.js';
import { exchange } from '../http/exchange.js';
import { basic, echoesOf } from '../http/json-requester.js';
import { refusalOf } from '../http/refusal.js';
import { shapeOf } from '../http/shape.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { Secret } from '../secret.js';
import type { Challenge } from './challenge.js';
import { readError } from './errors.js';
import type { RegistryHost, RegistryHosts } from './hosts.js';

/** Largest answer of a token service, in bytes: tokens are a few kilobytes. */
const LARGEST_TOKEN_ANSWER = 256 * 1024;
/** How long a token is good when its service does not say (source: distribution's token specification). */
const DEFAULT_LIFE_MS = 60_000;
/** A token is replaced this long before it ends, so that it does not end on its way. */
const RENEW_BEFORE_MS = 10_000;

const TokenAnswer = Type.Object({
  token: Type.Optional(Type.String({ minLength: 1 })),
  access_token: Type.Optional(Type.String({ minLength: 1 })),
  expires_in: Type.Optional(Type.Number({ minimum: 0 })),
});

/** Part of a call that the login needs to know. */
export interface LoginCall {
  readonly subject: CallSubject;
  readonly host: RegistryHost;
  /** what the call needs, e.g. `repository:shop/web:pull`; empty: nothing but to be known */
  readonly scope: string;
  readonly time: Deadline;
  readonly signal: AbortSignal | undefined;
}

interface KeptToken {
  readonly header: Secret;
  /** milliseconds since 1970 */
  readonly expiresAtMs: number;
}

/**
 * Headers that open registries. A password goes only to the host that it is configured for and to a token service on a
 * configured host, and only after the registry asked for it. Tokens are kept by host and scope until they end.
 */
export class RegistryLogins {
  readonly #hosts: RegistryHosts;
  readonly #now: () => number;
  readonly #tokens = new Map<string, KeptToken>();
  readonly #askedForBasic = new Set<string>();

  constructor(hosts: RegistryHosts, now: () => number) {
    this.#hosts = hosts;
    this.#now = now;
  }

  /** The header that opened this host for this scope before, if it still does. */
  async known(call: LoginCall): Promise<Secret | undefined> {
    if (this.#askedForBasic.has(call.host.host)) return this.#basic(call);
    const kept = this.#tokens.get(keyOf(call));
    return kept !== undefined && kept.expiresAtMs - RENEW_BEFORE_MS > this.#now() ? kept.header : undefined;
  }

  /**
   * Does what a registry asked for.
   * @returns the header for the same call again; undefined when there is nothing to send
   * @throws SystemError when no token is given, or its service is not on a configured host
   */
  async answer(challenge: Challenge, call: LoginCall): Promise<Secret | undefined> {
    if (challenge.scheme === 'basic') {
      this.#askedForBasic.add(call.host.host);
      return this.#basic(call);
    }
    this.#tokens.delete(keyOf(call));
    const kept = await this.#fetchToken(challenge, call);
    this.#tokens.set(keyOf(call), kept);
    return kept.header;
  }

  async #fetchToken(
    { realm, service, scope }: Extract<Challenge, { scheme: 'bearer' }>,
    call: LoginCall,
  ): Promise<KeptToken> {
    const subject = { ...call.subject, operation: 'get registry token' };
    const url = this.#tokenUrl(realm, subject);
    if (service !== undefined) url.searchParams.set('service', service);
    const wanted = scope ?? call.scope;
    if (wanted !== '') url.searchParams.set('scope', wanted);
    const header = await this.#basic(call);
    const headers = new Headers({ accept: 'application/json' });
    if (header !== undefined) headers.set('authorization', header.reveal());
    const { time, signal } = call;
    await this.#hosts.at(url, subject).bucket?.take(signal);
    const request = { url, method: 'GET', headers, time, signal, mostBytes: LARGEST_TOKEN_ANSWER };
    const { response, bytes, whole } = await exchange(subject, request);
    if (!response.ok) {
      const withhold = header === undefined ? [] : echoesOf(header);
      throw new SystemError(refusalOf(subject, response, bytes.toString('utf8'), readError, withhold));
    }
    const answer = shapeOf(TokenAnswer, whole ? json(bytes) : undefined, subject);
    const token = answer.token ?? answer.access_token;
    if (token === undefined) {
      throw new SystemError(troubleOf(subject, 'malformed', 'the token service answered without a token'));
    }
    const lifeMs = answer.expires_in === undefined ? DEFAULT_LIFE_MS : answer.expires_in * 1000;
    return { header: new Secret(`Bearer ${token}`), expiresAtMs: this.#now() + lifeMs };
  }

  #tokenUrl(realm: string, subject: CallSubject): URL {
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    if (url === undefined) {
      throw new SystemError(troubleOf(subject, 'malformed', 'the registry names no address for tokens'));
    }
    this.#hosts.at(url, subject);
    return url;
  }

  async #basic({ host, subject, signal }: LoginCall): Promise<Secret | undefined> {
    if (host.credential === undefined) return undefined;
    try {
      const { username, password } = await host.credential();
      return basic(username, password).authorization;
    } catch {
      signal?.throwIfAborted();
      // the error may name the secret
      throw new SystemError(troubleOf(subject, 'unauthenticated', 'no credential could be had for the call'));
    }
  }
}

function keyOf({ host, scope }: LoginCall): string {
  return `${host.host} ${scope}`;
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
