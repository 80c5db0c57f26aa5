/**
 * AES-256-GCM over every payload that Temporal stores. It protects history at rest and against pasting a payload from one
 * workflow into another. It does not authenticate who sent a message: payloads that are not encrypted pass through, so a
 * payload has no authority, the ledger has (design, law 3).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { UNDECODABLE_JSON } from '../domain/undecodable.js';
import type { CodecKeys } from './codec-keys.js';
import { packPayload, unpackPayload } from './packed-payload.js';

/** `encoding` of an encrypted payload. */
export const ENCRYPTED_ENCODING = 'binary/encrypted';
/** Metadata in clear beside the ciphertext: the id of the key, and the workflow that the payload belongs to. */
export const KEY_ID_METADATA = 'encryption-key-id';
export const WORKFLOW_ID_METADATA = 'workflow-id';

const CIPHER = 'aes-256-gcm';
/** 96 bit random nonce and 128 bit tag: the lengths that NIST SP 800-38D recommends, safe for 2^32 payloads per key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Goes into the associated data, so that a later format can never be read as this one. */
const FORMAT = 'gatehouse-payload/1';

export interface UndecodablePayload {
  readonly reason: 'unknown-key' | 'other-workflow' | 'not-authentic';
  /** as the payload claims them; never trust, only show */
  readonly keyId: string;
  readonly workflowId: string;
}

export interface PayloadCodecOptions {
  readonly keys: CodecKeys;
  /**
   * Namespace that payloads are bound to. Taken from the configuration and not from the SDK's context, which names another
   * one when a history is replayed.
   */
  readonly namespace: string;
  /**
   * `context` (default): a payload decodes only in the workflow that it was made for.
   * `payload`: the workflow id beside the payload is believed. Only for the codec server, which isn't told the workflow, and
   * for replaying kept histories under another id.
   */
  readonly binding?: 'context' | 'payload';
  /** Told of every payload that became a marker, for metrics and alarms. What it throws is dropped. */
  readonly onUndecodable?: (payload: UndecodablePayload) => void;
}

/**
 * Temporal's payload codec. `decode` never throws: whatever cannot be decrypted becomes the marker of
 * `src/domain/undecodable`, since an exception would fail the workflow task for ever.
 */
export class EncryptionCodec implements PayloadCodec {
  private readonly options: PayloadCodecOptions;

  constructor(options: PayloadCodecOptions) {
    this.options = options;
  }

  /** Encrypts each payload with the current key, bound to the namespace and to the workflow of the context. */
  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const workflowId = context?.workflowId ?? '';
    return payloads.map((payload) => this.encrypt(payload, workflowId));
  }

  /** Decrypts what is encrypted, passes on what is not, and puts the marker in place of what cannot be decrypted. */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const expected = this.options.binding === 'payload' ? undefined : context?.workflowId;
    return payloads.map((payload) =>
      textOf(payload, 'encoding') === ENCRYPTED_ENCODING ? this.decrypt(payload, expected) : payload,
    );
  }

  private encrypt(payload: Payload, workflowId: string): Payload {
    const { id, key } = this.options.keys.current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(this.options.namespace, workflowId, id));
    const data = Buffer.concat([
      nonce,
      cipher.update(packPayload(payload)),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return {
      metadata: {
        encoding: Buffer.from(ENCRYPTED_ENCODING),
        [KEY_ID_METADATA]: Buffer.from(id),
        [WORKFLOW_ID_METADATA]: Buffer.from(workflowId),
      },
      data,
    };
  }

  private decrypt(payload: Payload, expectedWorkflowId: string | undefined): Payload {
    const keyId = textOf(payload, KEY_ID_METADATA);
    const workflowId = textOf(payload, WORKFLOW_ID_METADATA);
    const marker = (reason: UndecodablePayload['reason']): Payload => {
      this.report({ reason, keyId, workflowId });
      return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(UNDECODABLE_JSON) };
    };
    if (expectedWorkflowId !== undefined && expectedWorkflowId !== workflowId)
      return marker('other-workflow');
    const key = this.options.keys.find(keyId);
    if (key === undefined) return marker('unknown-key');
    try {
      const data = Buffer.from(payload.data ?? []);
      const tag = data.subarray(-TAG_BYTES);
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associatedData(this.options.namespace, workflowId, keyId));
      decipher.setAuthTag(tag);
      const clear = Buffer.concat([
        decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)),
        decipher.final(),
      ]);
      return unpackPayload(clear);
    } catch {
      return marker('not-authentic');
    }
  }

  private report(payload: UndecodablePayload): void {
    try {
      this.options.onUndecodable?.(payload);
    } catch {
      // a broken metric must not stop a workflow
    }
  }
}

/** JSON of a list: no two different lists have the same text, whatever the ids hold. */
function associatedData(namespace: string, workflowId: string, keyId: string): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, namespace, workflowId, keyId]));
}

function textOf(payload: Payload, name: string): string {
  const bytes = payload.metadata?.[name];
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
}
