/** What a refusal of the Kubernetes API server means (reference: saas-apis, section 7). */
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { SystemTrouble } from '../../domain/failure.js';
import { networkCode } from '../http/network-code.js';
import { retryAfterMs } from '../http/retry-after.js';
import { type CallSubject, kindOfStatus, quote, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';
import { NoCredential } from './connection.js';
import { AnswerTooLarge } from './single-attempt.js';

/** Names are long here, and the namespace for which a right is missing comes last. */
const LONGEST_REFUSAL = 500;

const Status = Type.Object({
  reason: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  details: Type.Optional(
    Type.Object({
      name: Type.Optional(Type.String()),
      causes: Type.Optional(Type.Array(Type.Object({ field: Type.Optional(Type.String()) }))),
    }),
  ),
});

/** The `Status` object in a refusal; the client hands the body over as text. */
function statusIn(body: unknown): Static<typeof Status> | undefined {
  let parsed = body;
  if (typeof body === 'string') {
    try {
      parsed = JSON.parse(body);
    } catch {
      return undefined;
    }
  }
  return Value.Check(Status, parsed) ? parsed : undefined;
}

/** True for a 404 about the object itself; a kind that is not installed answers 404 without naming the object. */
export function saysThatObjectIsMissing(code: number, body: unknown, name: string): boolean {
  if (code !== 404) return false;
  const status = statusIn(body);
  return status?.details?.name === name || status?.message?.endsWith(`"${name}" not found`) === true;
}

/**
 * Turns a refusal into a trouble. Only reason and field names are taken over, and for 403 the message, which names user,
 * verb and kind: other messages may quote values of the object.
 * @param withhold the credential of the call, blotted out if the server or a proxy repeats it
 */
export function refusalOf(
  subject: CallSubject,
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  withhold: readonly Secret[],
): SystemTrouble {
  const status = statusIn(body);
  const waitMs = retryAfterMs((name) => headers[name], Date.now());
  const more = { status: code, code: status?.reason, retryAfterMs: waitMs };
  if (code >= 300 && code < 400) {
    return troubleOf(subject, 'invalid', `answered ${code}, a redirect, which is not followed`, {
      ...more,
      remedy: 'Configure the address of the API server itself.',
    });
  }
  if (code === 404) {
    return troubleOf(subject, 'not-found', 'the cluster does not know this kind of object', {
      ...more,
      remedy: `Install ${subject.system} in the cluster, or correct the cluster's address.`,
    });
  }
  const fields = (status?.details?.causes ?? [])
    .map((cause) => cause.field)
    .filter((field) => field !== undefined);
  const said =
    code === 403 ? quote(status?.message ?? '', withhold, LONGEST_REFUSAL) : fields.slice(0, 5).join(', ');
  const reason = status?.reason === undefined ? '' : ` ${status.reason}`;
  return troubleOf(
    subject,
    kindOfStatus(code, waitMs),
    `answered ${code}${reason}${said === '' ? '' : `: ${said}`}`,
    more,
  );
}

/** What went wrong when there was no refusal: no connection, no time left, or an answer that is no Kubernetes answer. */
export function troubleOfFailure(subject: CallSubject, error: unknown, timedOut: boolean): SystemTrouble {
  if (timedOut) {
    return troubleOf(subject, 'unavailable', 'no answer in time; whether the call had an effect is unknown', {
      code: 'TIMEOUT',
    });
  }
  if (error instanceof NoCredential) {
    return troubleOf(subject, 'unauthenticated', 'no credential could be had for the call');
  }
  if (error instanceof AnswerTooLarge) return troubleOf(subject, 'malformed', 'the answer is far too large');
  const code = networkCode(error);
  if (code !== undefined) {
    return troubleOf(
      subject,
      'unavailable',
      `the connection failed (${code}); whether the call had an effect is unknown`,
      { code },
    );
  }
  // the client throws plain errors for a body that is no JSON or has another content type
  return troubleOf(subject, 'malformed', 'the answer is not one of a Kubernetes API server');
}
