import { fieldOf, textOf } from '../http/field.js';
import type { VendorWords } from '../http/json-requester.js';

/** ServiceNow says `{error: {message, detail}, status: 'failure'}` (vendor: REST API reference, Table API). */
export function readError(body: unknown, status: number): VendorWords {
  const error = fieldOf(body, 'error');
  const message = textOf(error, 'message');
  const detail = textOf(error, 'detail');
  const said = [message, detail].filter((text) => text !== undefined && text !== '').join(': ');
  return {
    ...(said === '' ? {} : { message: said }),
    // the instance's own rules refuse a state that does not follow, or a field that is missing
    ...(status === 403 && /business rule|aborted/i.test(said)
      ? {
          kind: 'invalid' as const,
          remedy: 'Look at the change request at ServiceNow: one of its rules does not allow this step.',
        }
      : {}),
  };
}
