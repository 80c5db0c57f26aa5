/** The codec of the kept histories. Its key is made from a text that anybody can read: it protects nothing. */
import { createHash } from 'node:crypto';
import type { DataConverter } from '@temporalio/common';
import { CodecKeys, type CodecKeysFile } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';

/** Payloads are bound to it; the histories were recorded in it. */
export const KEPT_NAMESPACE = 'default';

/**
 * Histories are kept as they come from Temporal, encoded, so that the codec is replayed too. What is in them is made up for
 * recording; whoever wants to read it may.
 */
export function keptDataConverter(): DataConverter {
  return createDataConverter({ keys: CodecKeys.of(keptCodecKeys()), namespace: KEPT_NAMESPACE });
}

/** As the file of an installation holds them. */
export function keptCodecKeys(): CodecKeysFile {
  const key = createHash('sha256').update('kept histories of Gatehouse: this key is public').digest('base64');
  return { current: 'public', keys: { public: key } };
}
