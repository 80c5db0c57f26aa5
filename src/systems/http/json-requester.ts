import { SystemError, type SystemName, type TroubleKind } from '../../domain/failure.js';
import { Secret } from '../secret.js';
import { DEFAULT_TIMEOUT_MS, type Deadline, deadline } from './deadline.js';
import { exchange, noAnswer } from './exchange.js';
import { encodePathPart } from './path.js';
import { refusalOf } from './refusal.js';
import type { TokenBucket } from './token-bucket.js';
import { type CallSubject, troubleOf } from './trouble.js';

/** Largest answer that is read, in bytes: far above any page of a vendor, far below what would hurt a worker. */
const LARGEST_ANSWER = 8 * 1024 * 1024;

/** What a vendor's error body says in the fields that the vendor documents. */
export interface VendorWords {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** where the vendor's words say more than the status */
  readonly kind?: TroubleKind | undefined;
  readonly remedy?: string | undefined;
}

export interface JsonRequesterOptions {
  readonly system: SystemName;
  /** the configured address; every call goes below it and nowhere else */
  readonly baseUrl: string;
  /** headers of every call that hold the credential; asked anew for each call */
  readonly credential?: (signal: AbortSignal) => Promise<Readonly<Record<string, Secret>>>;
  /** milliseconds for one call from the first byte sent to the last byte read; default 10,000 */
  readonly timeoutMs?: number | undefined;
  /** bucket of the credential, when a rate is configured */
  readonly bucket?: TokenBucket | undefined;
  /** reads the vendor's error body, already parsed when it was JSON, else the text */
  readonly readError?: (body: unknown, status: number) => VendorWords;
}

export interface JsonCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** parts below the base address, still to be encoded; or, to follow a vendor's link, a whole address */
  readonly path: string | readonly string[];
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** sent as JSON */
  readonly body?: unknown;
  /** sent as a form instead of `body` */
  readonly form?: Readonly<Record<string, string>>;
  /** verb and noun as the vendor names it */
  readonly operation: string;
  /** the object by its natural key */
  readonly object: string;
  /** secrets in the body, blotted out if the vendor echoes them in an error */
  readonly withhold?: readonly Secret[];
  readonly signal?: AbortSignal | undefined;
}

export interface JsonAnswer {
  /** 200 to 299 */
  readonly status: number;
  readonly headers: Headers;
  /** undefined when the answer has no body */
  readonly body: unknown;
}

/**
 * One HTTP attempt with JSON in and out. It never repeats a call, never follows a redirect, speaks to the configured host
 * only, and throws nothing but `SystemError` (without a cause, because causes carry tokens) and, when the caller cancels,
 * the caller's own abort reason.
 */
export class JsonRequester {
  readonly #options: JsonRequesterOptions;
  readonly #base: URL;

  /** @throws TypeError when the base address is not a plain http or https address */
  constructor(options: JsonRequesterOptions) {
    this.#base = baseOf(options.baseUrl, options.system);
    this.#options = options;
  }

  /** The configured address, ending in a slash. */
  get baseUrl(): string {
    return this.#base.href;
  }

  /**
   * Makes one call and answers with any 2xx.
   * @throws SystemError for every other status, a time-out, a cut connection, or a body that is not JSON
   */
  async send(call: JsonCall): Promise<JsonAnswer> {
    const subject: CallSubject = {
      system: this.#options.system,
      operation: call.operation,
      object: call.object,
    };
    const url = this.#urlOf(call, subject);
    call.signal?.throwIfAborted();
    await this.#options.bucket?.take(call.signal);
    const time = deadline(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS, call.signal);
    const secrets = await this.#credential(subject, time, call.signal);
    const withhold = [...Object.values(secrets).flatMap(echoesOf), ...(call.withhold ?? [])];

    const { response, text } = await this.#exchange(call, subject, url, secrets, time);
    if (response.status >= 200 && response.status < 300) {
      return {
        status: response.status,
        headers: response.headers,
        body: parse(text, subject, response.status),
      };
    }
    throw new SystemError(refusalOf(subject, response, text, this.#options.readError, withhold));
  }

  async #exchange(
    call: JsonCall,
    subject: CallSubject,
    url: URL,
    secrets: Readonly<Record<string, Secret>>,
    time: Deadline,
  ): Promise<{ response: Response; text: string }> {
    const headers = headersOf(call, subject, secrets);
    const { method, signal } = call;
    const body = bodyOf(call, headers);
    const request = { url, method, headers, body, time, signal, mostBytes: LARGEST_ANSWER };
    const { response, bytes, whole } = await exchange(subject, request);
    if (!whole) {
      const { status } = response;
      throw new SystemError(
        troubleOf(subject, 'malformed', `the answer is larger than ${LARGEST_ANSWER} bytes`, {
          status,
          code: 'too-large',
        }),
      );
    }
    return { response, text: bytes.toString('utf8') };
  }

  async #credential(
    subject: CallSubject,
    time: Deadline,
    caller: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, Secret>>> {
    if (this.#options.credential === undefined) return {};
    try {
      return await this.#options.credential(time.signal);
    } catch (error) {
      if (error instanceof SystemError) throw error;
      caller?.throwIfAborted();
      if (time.timedOut()) throw new SystemError(noAnswer(subject, error, true));
      throw new SystemError(troubleOf(subject, 'unauthenticated', 'no credential could be had for the call'));
    }
  }

  #urlOf(call: JsonCall, subject: CallSubject): URL {
    const path = typeof call.path === 'string' ? call.path : encodedPath(call.path, subject);
    const url = URL.canParse(path, this.#base.href) ? new URL(path, this.#base) : undefined;
    if (
      url === undefined ||
      url.origin !== this.#base.origin ||
      !url.pathname.startsWith(this.#base.pathname)
    ) {
      throw new SystemError(
        troubleOf(subject, 'malformed', 'the address of the call leads away from the configured one', {
          remedy: `Check the configured address of ${subject.system}: calls go below it and nowhere else.`,
        }),
      );
    }
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url;
  }
}

/** A header of another character is refused by the library with a message that quotes it, a token among it. */
function headersOf(call: JsonCall, subject: CallSubject, secrets: Readonly<Record<string, Secret>>): Headers {
  try {
    const headers = new Headers({ accept: 'application/json', ...call.headers });
    for (const [name, secret] of Object.entries(secrets)) headers.set(name, secret.reveal());
    return headers;
  } catch {
    throw new SystemError(
      troubleOf(subject, 'unauthenticated', 'the credential holds a character that no header may have', {
        remedy: `Write the credential of ${subject.system} as one line without blanks or marks, then retry.`,
      }),
    );
  }
}

function encodedPath(parts: readonly string[], subject: CallSubject): string {
  return parts.map((part) => encodePathPart(part, subject)).join('/');
}

/** What a vendor would echo of a header: the token without its scheme; of Basic, the password in clear too. */
export function echoesOf(header: Secret): readonly Secret[] {
  const [, scheme = '', token = ''] = /^(?:([A-Za-z]+) )?(.*)$/s.exec(header.reveal()) ?? [];
  if (scheme.toLowerCase() !== 'basic') return [new Secret(token)];
  const password = Buffer.from(token, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:/, '');
  return [new Secret(token), new Secret(password)];
}

/** The header of a bearer token, as `credential` wants it. */
export function bearer(token: string): Readonly<Record<string, Secret>> {
  return { authorization: new Secret(`Bearer ${token}`) };
}

/** The header of a name and password (RFC 7617), as `credential` wants it. */
export function basic(username: string, password: Secret): Readonly<Record<string, Secret>> {
  const pair = Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64');
  return { authorization: new Secret(`Basic ${pair}`) };
}

function baseOf(text: string, system: SystemName): URL {
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(
      `The address of ${system} must be http or https, without user, password, query or fragment.`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function bodyOf(call: JsonCall, headers: Headers): string | undefined {
  if (call.form !== undefined) {
    headers.set('content-type', 'application/x-www-form-urlencoded');
    return new URLSearchParams({ ...call.form }).toString();
  }
  if (call.body === undefined) return undefined;
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return JSON.stringify(call.body);
}

function parse(text: string, subject: CallSubject, status: number): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a secret.
    throw new SystemError(troubleOf(subject, 'malformed', 'the answer is not JSON', { status }));
  }
}
