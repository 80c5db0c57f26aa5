/** A payload as bytes: what is encrypted. Length of the head (4 bytes, big endian), head (JSON of the metadata), data. */
import type { Payload } from '@temporalio/common';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

const LENGTH_BYTES = 4;
const headShape = Type.Record(Type.String(), Type.String());

/** Packs metadata and data of a payload. Metadata values are bytes, kept as base64. */
export function packPayload({ metadata, data }: Payload): Buffer {
  const base64 = Object.entries(metadata ?? {}).map(([name, bytes]) => [
    name,
    Buffer.from(bytes).toString('base64'),
  ]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(base64)));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.length);
  // Buffer.from: the SDK's message class gives a plain empty array where a payload has no data
  return Buffer.concat([length, head, Buffer.from(data ?? [])]);
}

/**
 * Unpacks what `packPayload` made. No data and empty data are the same, as in protocol buffers.
 *
 * @throws RangeError, SyntaxError or TypeError for other bytes
 */
export function unpackPayload(bytes: Buffer): Payload {
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  const head: unknown = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end));
  if (!Value.Check(headShape, head)) throw new TypeError('Not a packed payload.');
  const metadata = Object.entries(head).map(
    ([name, base64]) => [name, Buffer.from(base64, 'base64')] as const,
  );
  return { metadata: Object.fromEntries(metadata), data: bytes.subarray(end) };
}
