/** A payload as bytes: what is encrypted. Length of the head (4 bytes, big endian), head (JSON of the metadata), data. */
import type { Payload } from '@temporalio/common';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

const LENGTH_BYTES = 4;
const headShape = Type.Object(
  {
    metadata: Type.Union([Type.Null(), Type.Record(Type.String(), Type.String())]),
    /** told apart from empty data */
    hasData: Type.Boolean(),
  },
  { additionalProperties: false },
);

/** Packs metadata and data of a payload. Metadata values are bytes, kept as base64. */
export function packPayload(payload: Payload): Buffer {
  const metadata = payload.metadata
    ? Object.fromEntries(
        Object.entries(payload.metadata).map(([name, bytes]) => [
          name,
          Buffer.from(bytes).toString('base64'),
        ]),
      )
    : null;
  const data = payload.data ?? undefined;
  const head = Buffer.from(JSON.stringify({ metadata, hasData: data !== undefined }));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, data ?? Buffer.alloc(0)]);
}

/**
 * Unpacks what `packPayload` made.
 *
 * @throws RangeError, SyntaxError or TypeError for other bytes
 */
export function unpackPayload(bytes: Buffer): Payload {
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  const head: unknown = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end));
  if (!Value.Check(headShape, head)) throw new TypeError('Not a packed payload.');
  return {
    ...(head.metadata === null
      ? {}
      : {
          metadata: Object.fromEntries(
            Object.entries(head.metadata).map(([name, base64]) => [name, Buffer.from(base64, 'base64')]),
          ),
        }),
    ...(head.hasData ? { data: bytes.subarray(end) } : {}),
  };
}
