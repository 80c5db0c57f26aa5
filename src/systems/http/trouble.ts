import type { SystemName, SystemTrouble, TroubleKind } from '../../domain/failure.js';
import type { Secret } from '../secret.js';

/** What a call is about; the part of a trouble that is known before the call. */
export interface CallSubject {
  readonly system: SystemName;
  /** verb and noun as the vendor names it, e.g. `create organization` */
  readonly operation: string;
  /** the object by its natural key; never a secret */
  readonly object: string;
}

/**
 * The kind of trouble that an HTTP status stands for (reference: saas-apis, section 9). A vendor whose statuses mean
 * something else overrides it in its client.
 */
export function kindOfStatus(status: number, retryAfterMs: number | undefined): TroubleKind {
  if (status === 429) return 'throttled';
  if (status === 503 && retryAfterMs !== undefined) return 'throttled';
  if (status === 408 || status >= 500) return 'unavailable';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  return 'invalid';
}

/** What the reader should do next about a kind of trouble, when the client knows nothing better. */
export function remedyOf(kind: TroubleKind, system: SystemName): string {
  switch (kind) {
    case 'throttled':
      return `Nothing to do: the call is repeated when ${system} allows it. If it happens often, lower the rate configured for ${system}.`;
    case 'unavailable':
      return `Nothing to do at first: the call is repeated. If it lasts, check that ${system} is up and can be reached from the worker.`;
    case 'malformed':
      return `Check that the configured address of ${system} is that of its API and not of a proxy or login page.`;
    case 'busy':
      return 'Nothing to do: the call is repeated until the change of the object is over.';
    case 'unauthenticated':
      return `Renew the credential of ${system} and give it to the worker, then retry.`;
    case 'forbidden':
      return `Give the credential of ${system} the missing right, then retry.`;
    case 'not-found':
      return `Check that the object exists at ${system} and that the credential may see it.`;
    case 'conflict':
      return `Look at the object at ${system}: somebody else holds the name or has changed it meanwhile.`;
    case 'invalid':
      return `Correct what was asked of ${system}: repeating the call will not help.`;
  }
}

/** Longest quotation of a vendor's own words in a trouble, in characters. */
const LONGEST_QUOTE = 200;
/** Credentials by their shape: what a proxy repeats of a request need not be a secret that the caller knows of. */
const CREDENTIALS = [
  /\b(Bearer|Basic|Negotiate)\s+[\w+/=.~-]{6,}/gi,
  /(?<![\w-])eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*){1,3}/g,
] as const;
/** Shorter texts are not blotted out: they are no secrets, and they occur in ordinary words. */
const SHORTEST_SECRET = 6;

/**
 * A vendor's own words, fit for an error that people read: one line, without control characters and with every given secret,
 * and whatever looks like a credential, blotted out (vendors echo input in their errors).
 * @param longest characters of the line
 */
export function quote(words: string, withhold: readonly Secret[], longest = LONGEST_QUOTE): string {
  let text = words;
  for (const secret of withhold) {
    const value = secret.reveal();
    if (value.length >= SHORTEST_SECRET) text = text.replaceAll(value, '[secret]');
  }
  for (const shape of CREDENTIALS) text = text.replace(shape, '[secret]');
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}

/** Puts a trouble together; `remedy` falls back to the one of its kind. */
export function troubleOf(
  subject: CallSubject,
  kind: TroubleKind,
  message: string,
  more: {
    readonly status?: number | undefined;
    readonly code?: string | undefined;
    readonly retryAfterMs?: number | undefined;
    readonly remedy?: string | undefined;
  } = {},
): SystemTrouble {
  return {
    system: subject.system,
    operation: subject.operation,
    object: subject.object,
    kind,
    message,
    remedy: more.remedy ?? remedyOf(kind, subject.system),
    ...(more.status === undefined ? {} : { status: more.status }),
    ...(more.code === undefined ? {} : { code: more.code }),
    ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
  };
}
