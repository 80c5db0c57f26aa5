import { SystemError } from '../../domain/failure.js';
import { DEFAULT_TIMEOUT_MS, deadline } from '../http/deadline.js';
import { exchange } from '../http/exchange.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { isJsonPointer } from './json-pointer.js';
import { judged } from './judge.js';
import type { CheckResult, HttpCheck } from './types.js';

/** Bytes of a body that are read: a health page is smaller, and a stream without end must not hurt a worker. */
const MOST_BYTES = 1024 * 1024;
/** Longest time that one check may take, in milliseconds: it must end before its activity does. */
const LONGEST_MS = 60_000;

export interface HttpChecksOptions {
  /** origins that may be asked, e.g. `https://shop.example.com`; a check of any other is refused */
  readonly hosts: readonly string[];
}

/** Single requests by which a delivered service is looked at. Nothing is sent along, neither credential nor cookie. */
export class HttpChecks {
  readonly #origins: ReadonlySet<string>;

  /** @throws TypeError when an origin is not one */
  constructor(options: HttpChecksOptions) {
    this.#origins = new Set(options.hosts.map(originOf));
  }

  /**
   * Makes one request and judges its answer. Redirects are not followed. No answer is `inconclusive`, since it may be the
   * way there that is broken.
   * @throws SystemError kind `invalid` when the check cannot be made: another host, another method, a pointer that is none
   */
  async run(check: HttpCheck, signal?: AbortSignal): Promise<CheckResult> {
    const method = check.method ?? 'GET';
    const subject: CallSubject = { system: 'http-check', operation: method, object: check.url };
    const url = this.#addressOf(check, subject);
    signal?.throwIfAborted();
    const time = deadline(Math.min(check.timeoutMs ?? DEFAULT_TIMEOUT_MS, LONGEST_MS), signal);
    const headers = new Headers({ accept: '*/*', 'cache-control': 'no-cache' });
    try {
      const request = { url, method, headers, time, signal, mostBytes: MOST_BYTES };
      const { response, bytes, whole } = await exchange(subject, request);
      return judged(check, { status: response.status, text: bytes.toString('utf8'), whole });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const { code } = error.trouble;
      const why = time.timedOut()
        ? 'no answer in time'
        : `no answer${code === undefined ? '' : ` (${code})`}`;
      return { state: 'inconclusive', detail: why };
    }
  }

  #addressOf(check: HttpCheck, subject: CallSubject): URL {
    const url = URL.canParse(check.url) ? new URL(check.url) : undefined;
    if (url === undefined || url.username !== '' || url.password !== '' || !this.#origins.has(url.origin)) {
      const where = url === undefined ? 'this address' : url.origin;
      throw new SystemError(
        troubleOf({ ...subject, object: where }, 'invalid', `${where} is not among what may be checked`, {
          remedy: `Add the origin to systems.checks.hosts of the installation, or correct the address of the check.`,
        }),
      );
    }
    if (subject.operation !== 'GET' && subject.operation !== 'HEAD') {
      throw new SystemError(
        troubleOf(subject, 'invalid', 'a check changes nothing: its method is GET or HEAD'),
      );
    }
    const looksIntoBody = check.expectBodyContains !== undefined || check.expectJson !== undefined;
    if (subject.operation === 'HEAD' && looksIntoBody) {
      throw new SystemError(troubleOf(subject, 'invalid', 'HEAD has no body that something could be in'));
    }
    const pointer = Object.keys(check.expectJson ?? {}).find((text) => !isJsonPointer(text));
    if (pointer === undefined) return url;
    throw new SystemError(
      troubleOf(subject, 'invalid', `"${pointer}" is no JSON pointer`, {
        remedy: 'Write each step after a slash, e.g. /checks/0/state.',
      }),
    );
  }
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    `${url.pathname}${url.search}${url.hash}` !== '/'
  ) {
    throw new TypeError(`"${text}" is no origin: write scheme, host and, if needed, port.`);
  }
  return url.origin;
}
