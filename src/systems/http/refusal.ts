import type { SystemTrouble } from '../../domain/failure.js';
import type { Secret } from '../secret.js';
import type { VendorWords } from './json-requester.js';
import { retryAfterMs } from './retry-after.js';
import { type CallSubject, kindOfStatus, quote, troubleOf } from './trouble.js';

/**
 * The trouble that a vendor's "no" is: its status, its words as far as they are safe to show, and when to come back.
 * @param text body of the answer
 * @param reading reads the vendor's error body, parsed when it is JSON, else the text
 * @param withhold secrets of the request, blotted out where the vendor echoes them
 */
export function refusalOf(
  subject: CallSubject,
  response: Response,
  text: string,
  reading: ((body: unknown, status: number) => VendorWords) | undefined,
  withhold: readonly Secret[],
): SystemTrouble {
  const { status } = response;
  if (status >= 300 && status < 400) {
    return troubleOf(subject, 'invalid', `answered ${status}, a redirect, which is not followed`, {
      status,
      remedy: `Configure the address of ${subject.system} that answers itself.`,
    });
  }
  const waitMs = retryAfterMs((name) => response.headers.get(name), Date.now());
  const words = reading?.(lenient(text), status) ?? {};
  const said = words.message === undefined ? '' : quote(words.message, withhold);
  return troubleOf(
    subject,
    words.kind ?? kindOfStatus(status, waitMs),
    said === '' ? `answered ${status}` : `answered ${status}: ${said}`,
    {
      status,
      retryAfterMs: waitMs,
      remedy: words.remedy,
      code: words.code === undefined ? undefined : quote(words.code, withhold),
    },
  );
}

function lenient(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
