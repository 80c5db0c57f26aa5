/**
 * What a workflow sees in place of a payload that cannot be read: a value, never an exception. An exception while a
 * message is decoded fails the workflow task for ever (source: issue 1174 of Temporal's SDK for TypeScript).
 */

/** Name of the only member of the marker; the payload converter of the workflow bundle writes the same. */
export const UNDECODABLE_MEMBER = 'gatehouse/undecodable';

/** JSON text of the marker, as the payload codec puts it in place of what it cannot decrypt. */
export const UNDECODABLE_JSON = `{"${UNDECODABLE_MEMBER}":true}`;

/**
 * True when a workflow input, message or activity result could not be decoded. Ask before looking at any of its members.
 *
 * @param value anything that came through Temporal
 */
export function isUndecodable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, UNDECODABLE_MEMBER) &&
    Reflect.get(value, UNDECODABLE_MEMBER) === true
  );
}
