import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { SystemError } from '../../domain/failure.js';
import { type CallSubject, troubleOf } from './trouble.js';

/**
 * Takes an answer's body as the shape that the vendor documents. Only what the client uses needs to be in the schema;
 * vendors may add fields at any time.
 * @throws SystemError kind `malformed`, naming the first field that is wrong and never its value
 */
export function shapeOf<S extends TSchema>(schema: S, body: unknown, subject: CallSubject): Static<S> {
  if (Value.Check(schema, body)) return body;
  const first = Value.Errors(schema, body)[0];
  const place = first === undefined || first.instancePath === '' ? 'the whole' : first.instancePath;
  throw new SystemError(
    troubleOf(subject, 'malformed', `the answer is not of the documented shape at ${place}`),
  );
}
