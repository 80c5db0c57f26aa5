import { fieldOf, textOf } from '../http/field.js';
import type { VendorWords } from '../http/json-requester.js';

/**
 * Graph says `{error: {code, message, innerError: {'request-id'}}}`. The request id is kept in the message: it is what
 * the vendor's support asks for (reference: saas-apis, section 5).
 */
export function readError(body: unknown): VendorWords {
  const error = fieldOf(body, 'error');
  const code = textOf(error, 'code');
  const message = textOf(error, 'message');
  const requestId = textOf(fieldOf(error, 'innerError'), 'request-id');
  const words = [message, requestId === undefined ? undefined : `(request-id ${requestId})`];
  const said = words.filter((word) => word !== undefined).join(' ');
  return { code, message: said === '' ? undefined : said };
}
