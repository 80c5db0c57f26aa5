import { SystemError, type TroubleKind } from '../../domain/failure.js';
import type { Deadline } from '../http/deadline.js';
import { fieldOf, textOf } from '../http/field.js';
import { networkCode } from '../http/network-code.js';
import { retryAfterMs } from '../http/retry-after.js';
import { type CallSubject, kindOfStatus, quote, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';

/** What Key Vault's inner error codes mean beyond their status (reference: saas-apis, sections 4 and 10). */
const CODES: Readonly<Record<string, { readonly kind: TroubleKind; readonly remedy?: string }>> = {
  ObjectIsDeletedButRecoverable: {
    kind: 'conflict',
    remedy:
      'A deleted secret holds the name. Recover it (az keyvault secret recover) or, where purge protection allows, purge it, then retry. Gatehouse never purges.',
  },
  ObjectIsBeingDeleted: { kind: 'busy' },
  ObjectIsBeingRecovered: { kind: 'busy' },
  SecretDisabled: {
    kind: 'forbidden',
    remedy: 'The newest version of the secret is disabled. Enable it or delete the secret, then retry.',
  },
};

/** The last answer of the vault in a call, as it came. */
export interface SeenAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly text: string;
}

/**
 * Turns whatever the Key Vault library throws into a `SystemError`. What the vault said is read from the answer itself:
 * the library's error lacks the inner code, and for an answer without a body it is a mere TypeError. The error is dropped,
 * it holds the request with its token.
 *
 * @param answer the last answer, undefined when none came
 * @param caller the caller's signal: when it has aborted, its reason is thrown instead
 */
export function keyVaultError(
  error: unknown,
  answer: SeenAnswer | undefined,
  subject: CallSubject,
  time: Deadline,
  caller: AbortSignal | undefined,
  withhold: readonly Secret[],
): SystemError {
  caller?.throwIfAborted();
  if (error instanceof SystemError) return error;
  if (answer === undefined) return withoutAnswer(error, subject, time);
  if (answer.status < 300) {
    return new SystemError(
      troubleOf(subject, 'malformed', 'the answer is not one of Key Vault', { status: answer.status }),
    );
  }
  const waitMs = retryAfterMs(answer.header, Date.now());
  const said = fieldOf(parsed(answer.text), 'error');
  const code = innermostCode(said);
  const known = code === undefined ? undefined : CODES[code];
  const words = quote(textOf(said, 'message') ?? '', withhold);
  return new SystemError(
    troubleOf(
      subject,
      known?.kind ?? kindOfStatus(answer.status, waitMs),
      words === '' ? `answered ${answer.status}` : `answered ${answer.status}: ${words}`,
      {
        status: answer.status,
        code: code === undefined ? undefined : quote(code, withhold),
        retryAfterMs: waitMs,
        remedy: known?.remedy,
      },
    ),
  );
}

function withoutAnswer(error: unknown, subject: CallSubject, time: Deadline): SystemError {
  const unknownEffect = 'whether the call had an effect is unknown';
  if (time.timedOut()) {
    return new SystemError(
      troubleOf(subject, 'unavailable', `no answer in time; ${unknownEffect}`, { code: 'TIMEOUT' }),
    );
  }
  const message = textOf(error, 'message') ?? '';
  if (/challenge (resource|contains)/.test(message)) {
    return new SystemError(
      troubleOf(subject, 'invalid', 'the vault asks for a token of another domain than its own', {
        code: 'ChallengeResourceMismatch',
        remedy:
          'Check the URL of the vault in the inventory: a host that is not Key Vault must not get a token.',
      }),
    );
  }
  const code = networkCode(error);
  return new SystemError(
    troubleOf(
      subject,
      'unavailable',
      `the connection failed${code === undefined ? '' : ` (${code})`}; ${unknownEffect}`,
      { code },
    ),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function innermostCode(said: unknown): string | undefined {
  const inner = fieldOf(said, 'innererror');
  return (inner === undefined ? undefined : innermostCode(inner)) ?? textOf(said, 'code');
}
