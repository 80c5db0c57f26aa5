import { fieldOf, textOf } from '../http/field.js';
import type { VendorWords } from '../http/json-requester.js';

/** Harbor says `{errors: [{code, message}]}` (its spec, definition Errors). */
export function readError(body: unknown): VendorWords {
  const errors = fieldOf(body, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return { code: textOf(first, 'code'), message: textOf(first, 'message') };
}
