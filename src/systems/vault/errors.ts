import { fieldOf } from '../http/field.js';
import type { VendorWords } from '../http/json-requester.js';

/** What Vault's texts mean beyond their status (reference: saas-apis, section 6; measured on OpenBao 2.7.2). */
const MEANINGS: readonly ({ readonly pattern: RegExp } & Omit<VendorWords, 'message'>)[] = [
  {
    pattern: /check-and-set parameter did not match/,
    kind: 'conflict',
    code: 'CheckAndSetMismatch',
    remedy: 'Somebody else has written the secret meanwhile. Read it, then decide.',
  },
  { pattern: /Upgrading from non-versioned/, kind: 'busy', code: 'MountUpgrading' },
  {
    pattern: /Vault is sealed/,
    kind: 'unavailable',
    code: 'Sealed',
    remedy: 'Unseal the server; the call is repeated.',
  },
];

/** Vault and OpenBao say `{errors: [text, …]}`; the list is empty for what does not exist. */
export function readError(body: unknown): VendorWords {
  const errors = fieldOf(body, 'errors');
  const texts: unknown[] = Array.isArray(errors) ? errors : [];
  const message = texts.filter((text) => typeof text === 'string').join('; ');
  if (message === '') return {};
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(message));
  return { message, kind: meaning?.kind, code: meaning?.code, remedy: meaning?.remedy };
}
