import { fieldOf, textOf } from '../http/field.js';
import type { VendorWords } from '../http/json-requester.js';

/** Registries say `{errors: [{code, message}]}` (OCI distribution specification, error codes); token services `details` too. */
export function readError(body: unknown, status: number): VendorWords {
  const errors = fieldOf(body, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const code = textOf(first, 'code');
  const message = textOf(first, 'message') ?? textOf(body, 'details') ?? textOf(body, 'message') ?? code;
  // Harbor: a tag that is protected from being moved
  if (status === 412) {
    return {
      code,
      message,
      kind: 'conflict',
      remedy:
        'The registry keeps this tag from being moved: choose another tag, or change its rule for immutable tags.',
    };
  }
  return { code, message };
}
