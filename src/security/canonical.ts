/**
 * One text for one value: what is hashed and signed is this text, which is kept as it is. Nothing is ever serialised again
 * to verify it (source of the rules: RFC 8785, JSON Canonicalization Scheme).
 */
import { createHash } from 'node:crypto';

/** Deeper documents are refused: no shape of Gatehouse nests like this, and recursion must end. */
const MAX_DEPTH = 100;

/** A value has no canonical JSON text: `path` says where, the message says why. */
export class CanonicalJsonError extends Error {
  override readonly name = 'CanonicalJsonError';
  readonly path: string;

  constructor(path: string, why: string) {
    super(`No canonical JSON at ${path}: ${why}. Give plain JSON values only.`);
    this.path = path;
  }
}

/**
 * Writes a value as canonical JSON: members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints
 * them. Members that are `undefined` are left out, as in `JSON.stringify`.
 *
 * @param value plain JSON data: null, booleans, finite numbers, well-formed strings, arrays and plain objects
 * @throws CanonicalJsonError for anything else (`undefined` in an array, NaN, bigint, Date, Map, lone surrogates, cycles)
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$', 0);
}

/** SHA-256 of the UTF-8 bytes of a text, 64 lower-case hex digits. */
export function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function write(value: unknown, path: string, depth: number): string {
  if (depth > MAX_DEPTH) throw new CanonicalJsonError(path, `nested deeper than ${MAX_DEPTH}, or a cycle`);
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new CanonicalJsonError(path, 'the number is not finite');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return writeString(value, path);
  if (Array.isArray(value)) {
    // Array.from turns holes into undefined, which is refused below; map would skip them in silence
    return `[${Array.from(value, (item: unknown, i) => write(item, `${path}[${i}]`, depth + 1)).join(',')}]`;
  }
  if (typeof value === 'object') return writeObject(value, path, depth);
  throw new CanonicalJsonError(path, `a ${typeof value} is not JSON`);
}

function writeString(text: string, path: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new CanonicalJsonError(path, 'the text holds half a surrogate pair');
  return JSON.stringify(text);
}

function writeObject(value: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new CanonicalJsonError(path, 'not a plain object');
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${writeString(name, path)}:${write(member, `${path}.${name}`, depth + 1)}`);
  return `{${members.join(',')}}`;
}
