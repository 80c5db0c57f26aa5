import { SystemError } from '../../domain/failure.js';
import { DEFAULT_TIMEOUT_MS, deadline } from '../http/deadline.js';
import { type Exchanged, exchange } from '../http/exchange.js';
import { echoesOf } from '../http/json-requester.js';
import { refusalOf } from '../http/refusal.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';
import { type Challenge, challengeOf } from './challenge.js';
import { readError } from './errors.js';
import type { RegistryHost, RegistryHosts } from './hosts.js';
import { type LoginCall, RegistryLogins } from './logins.js';

export interface RegistryCall extends CallSubject {
  readonly host: RegistryHost;
  readonly method: 'GET' | 'PUT';
  readonly url: URL;
  /** e.g. `repository:shop/web:pull`; what the token is asked for */
  readonly scope: string;
  readonly accept: string;
  readonly body?: { readonly type: string; readonly bytes: Buffer };
  /** largest answer that is read, in bytes */
  readonly mostBytes: number;
  readonly signal: AbortSignal | undefined;
}

export interface RegistryAnswer {
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Calls to registries, with the login that each asks for. A call that was only asked to log in is sent once more. */
export class RegistryRequester {
  readonly #logins: RegistryLogins;
  readonly #timeoutMs: number;

  constructor(hosts: RegistryHosts, options: { readonly timeoutMs?: number; readonly now?: () => number }) {
    this.#logins = new RegistryLogins(hosts, options.now ?? Date.now);
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /**
   * @returns null for 404
   * @throws SystemError for every other status but 2xx, no answer, or one that is too large
   */
  async send(call: RegistryCall): Promise<RegistryAnswer | null> {
    const { host, scope, signal, system, operation, object, mostBytes } = call;
    const subject: CallSubject = { system, operation, object };
    signal?.throwIfAborted();
    await host.bucket?.take(signal);
    const time = deadline(this.#timeoutMs, signal);
    const login: LoginCall = { subject, host, scope, time, signal };
    let header = await this.#logins.known(login);
    let exchanged = await this.#exchange(call, login, header);
    const challenge = wanted(exchanged.response);
    // a password that was refused is not sent twice
    if (challenge !== undefined && (challenge.scheme === 'bearer' || header === undefined)) {
      header = await this.#logins.answer(challenge, login);
      if (header !== undefined) exchanged = await this.#exchange(call, login, header);
    }
    const { response, bytes, whole } = exchanged;
    if (response.ok) {
      if (whole) return { headers: response.headers, bytes };
      throw new SystemError(troubleOf(subject, 'malformed', `the answer is larger than ${mostBytes} bytes`));
    }
    if (response.status === 404) return null;
    throw new SystemError(refusal(subject, exchanged, header));
  }

  async #exchange(call: RegistryCall, login: LoginCall, header: Secret | undefined): Promise<Exchanged> {
    const headers = new Headers({ accept: call.accept });
    if (header !== undefined) headers.set('authorization', header.reveal());
    if (call.body !== undefined) headers.set('content-type', call.body.type);
    return exchange(login.subject, {
      url: call.url,
      method: call.method,
      headers,
      body: call.body === undefined ? undefined : new Uint8Array(call.body.bytes),
      time: login.time,
      signal: login.signal,
      mostBytes: call.mostBytes,
    });
  }
}

function wanted(response: Response): Challenge | undefined {
  return response.status === 401 ? challengeOf(response.headers.get('www-authenticate')) : undefined;
}

function refusal(subject: CallSubject, { response, bytes }: Exchanged, header: Secret | undefined) {
  const withhold = header === undefined ? [] : echoesOf(header);
  const trouble = refusalOf(subject, response, bytes.toString('utf8'), readError, withhold);
  // Registries answer 401 also when the token that they asked for lacks the right: they know who asks then, and it is no
  // trouble of the whole system.
  if (response.status !== 401 || header?.reveal().startsWith('Bearer ') !== true) return trouble;
  const { status, code } = trouble;
  return troubleOf(subject, 'forbidden', trouble.message, {
    status,
    code,
    remedy: `Check that ${subject.object} exists, and give the login of this host in systems.registry.hosts the right to it.`,
  });
}
