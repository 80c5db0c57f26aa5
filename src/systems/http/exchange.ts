import { SystemError, type SystemTrouble } from '../../domain/failure.js';
import type { Deadline } from './deadline.js';
import { networkCode } from './network-code.js';
import { type CallSubject, troubleOf } from './trouble.js';

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  readonly time: Deadline;
  /** the caller's own signal, which is in `time` too */
  readonly signal: AbortSignal | undefined;
  /** bytes of the answer's body to read at most */
  readonly mostBytes: number;
}

export interface Exchanged {
  readonly response: Response;
  readonly bytes: Buffer;
  /** false when the body is longer than `mostBytes`; the rest was not read */
  readonly whole: boolean;
}

/**
 * One request and its answer, whatever the status. Redirects are answers like others and never followed: the credential
 * would go along.
 * @throws SystemError kind `unavailable` when no answer came, without a cause; the caller's abort reason when it gave up
 */
export async function exchange(subject: CallSubject, request: ExchangeRequest): Promise<Exchanged> {
  const { url, method, headers, body, time, signal } = request;
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: time.signal,
      ...(body === undefined ? {} : { body }),
    });
    return { response, ...(await readBytes(response, request.mostBytes)) };
  } catch (error) {
    signal?.throwIfAborted();
    throw new SystemError(noAnswer(subject, error, time.timedOut()));
  }
}

/** The trouble of a call that got no answer. Of the error only a code is taken: its message and causes carry tokens. */
export function noAnswer(subject: CallSubject, error: unknown, timedOut: boolean): SystemTrouble {
  const code = timedOut ? 'TIMEOUT' : networkCode(error);
  const what = timedOut
    ? 'no answer in time'
    : `the connection failed${code === undefined ? '' : ` (${code})`}`;
  return troubleOf(subject, 'unavailable', `${what}; whether the call had an effect is unknown`, { code });
}

async function readBytes(response: Response, most: number): Promise<{ bytes: Buffer; whole: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // leaving the loop cancels the rest
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > most) return { bytes: Buffer.concat(chunks), whole: false };
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks), whole: true };
}
