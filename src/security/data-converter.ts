/** How values get into Temporal and out of it. Clients, workers, replay and the bundle must all use the same. */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, type PayloadCodecOptions } from './payload-codec.js';

/** Files that the workflow bundle loads; give them to `bundleWorkflowCode` as well when a bundle is built ahead. */
export const CONVERTER_PATHS = {
  payloadConverterPath: fileURLToPath(new URL('./workflow-payload-converter.cjs', import.meta.url)),
  failureConverterPath: fileURLToPath(new URL('./workflow-failure-converter.cjs', import.meta.url)),
} as const;

/**
 * The data converter of Gatehouse: converters that never throw on reading, encoded failure attributes, and the encrypting
 * codec.
 *
 * @param options keys and namespace; `binding: 'payload'` to replay kept histories under another workflow id
 */
export function createDataConverter(options: PayloadCodecOptions): DataConverter {
  return { ...CONVERTER_PATHS, payloadCodecs: [new EncryptionCodec(options)] };
}
