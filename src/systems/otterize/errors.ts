import { fieldOf, textOf } from '../http/field.js';
import type { VendorWords } from '../http/json-requester.js';

/** Otterize says `{message}`; its own command line also reads `{errors: [{message}]}` (reference: onboarding, section 3). */
export function readError(body: unknown): VendorWords {
  const errors = fieldOf(body, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return { message: textOf(body, 'message') ?? textOf(first, 'message') };
}
