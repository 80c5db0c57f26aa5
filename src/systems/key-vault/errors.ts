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

/**
 * Turns whatever the Key Vault library throws into a `SystemError`. Only status, codes, the vendor's message and the
 * headers that say when to come back are taken; the library's error is dropped, it holds the request with its token.
 *
 * @param caller the caller's signal: when it has aborted, its reason is thrown instead
 */
export function keyVaultError(
  error: unknown,
  subject: CallSubject,
  time: Deadline,
  caller: AbortSignal | undefined,
  withhold: readonly Secret[],
): SystemError {
  if (error instanceof SystemError) return error;
  caller?.throwIfAborted();
  const status = fieldOf(error, 'statusCode');
  if (typeof status !== 'number') return withoutAnswer(error, subject, time);

  const headers = fieldOf(fieldOf(error, 'response'), 'headers');
  const waitMs = retryAfterMs((name) => headerOf(headers, name), Date.now());
  const said = bodyOf(error);
  const code = innermostCode(said) ?? textOf(said, 'code') ?? textOf(error, 'code');
  const known = code === undefined ? undefined : CODES[code];
  const words = quote(textOf(said, 'message') ?? '', withhold);
  return new SystemError(
    troubleOf(
      subject,
      known?.kind ?? kindOfStatus(status, waitMs),
      words === '' ? `answered ${status}` : `answered ${status}: ${words}`,
      {
        status,
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
  const name = textOf(error, 'name');
  const message = textOf(error, 'message') ?? '';
  if (
    name === 'AuthenticationError' ||
    name === 'CredentialUnavailableError' ||
    name === 'AuthenticationRequiredError'
  ) {
    return new SystemError(
      troubleOf(subject, 'unauthenticated', 'no token could be had for the call', { code: name }),
    );
  }
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
  if (code === undefined || code === 'PARSE_ERROR') {
    return new SystemError(troubleOf(subject, 'malformed', 'the answer is not one of Key Vault', { code }));
  }
  return new SystemError(
    troubleOf(subject, 'unavailable', `the connection failed (${code}); ${unknownEffect}`, { code }),
  );
}

/** The `error` object of Key Vault's answer, wherever the library put it. */
function bodyOf(error: unknown): unknown {
  const details = fieldOf(error, 'details');
  return fieldOf(details, 'error') ?? details;
}

function innermostCode(said: unknown): string | undefined {
  const inner = fieldOf(said, 'innererror');
  return inner === undefined ? undefined : (innermostCode(inner) ?? textOf(inner, 'code'));
}

function headerOf(headers: unknown, name: string): string | undefined {
  const get = fieldOf(headers, 'get');
  const value: unknown = typeof get === 'function' ? get.call(headers, name) : fieldOf(headers, name);
  return typeof value === 'string' ? value : undefined;
}
