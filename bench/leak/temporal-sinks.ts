/** Everything that Temporal holds of a namespace: histories as stored and decoded, visibility, pending work, its file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { KEY_FILES } from '../../src/security/key-generation.js';
import { EncryptionCodec } from '../../src/security/payload-codec.js';
import type { Sink } from './search.js';

const SEPARATOR = Buffer.from([0]);
/** The write-ahead log of SQLite holds the newest rows. */
const DATABASE_FILES = ['temporal.db', 'temporal.db-wal'] as const;

/** One sink with the bytes as Temporal keeps them, one with what the codec makes of them. */
export async function temporalSinks(stack: GatehouseStack): Promise<readonly Sink[]> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  try {
    const found = new Found(codecOf(stack));
    const { namespace } = stack;
    const service = connection.workflowService;
    const listed = await service.listWorkflowExecutions({ namespace, pageSize: 1000 });
    await found.add(listed);
    for (const { execution } of listed.executions) {
      if (!execution) continue;
      let nextPageToken: Uint8Array = new Uint8Array();
      do {
        const page = await service.getWorkflowExecutionHistory({ namespace, execution, nextPageToken });
        await found.add(page.history);
        nextPageToken = page.nextPageToken;
      } while (nextPageToken.length > 0);
      await found.add(await service.describeWorkflowExecution({ namespace, execution }));
    }
    return [
      { name: 'temporal histories, as stored', bytes: Buffer.concat(found.stored) },
      { name: 'temporal histories, decoded', bytes: Buffer.concat(found.decoded) },
      ...databaseSinks(stack),
    ];
  } finally {
    await connection.close();
  }
}

/** @throws Error when the server is not ours: its database can't be searched, and that must not be passed over */
function databaseSinks(stack: GatehouseStack): readonly Sink[] {
  if (stack.temporal.server?.ours !== true) {
    throw new Error(
      "Temporal's database file can't be read: unset TEMPORAL_ADDRESS for the search for leaks",
    );
  }
  return DATABASE_FILES.map((file) => ({
    name: `temporal database ${file}`,
    bytes: readFileSync(join(stack.folder, 'temporal', file)),
  }));
}

function codecOf(stack: GatehouseStack): EncryptionCodec {
  const keys = readFileSync(join(stack.installation.folder, 'keys', KEY_FILES.codec), 'utf8');
  return new EncryptionCodec({
    keys: CodecKeys.parse(keys),
    namespace: stack.namespace,
    binding: 'payload',
  });
}

/** Walks through messages of the API and keeps all their texts and bytes; payloads are decoded beside. */
class Found {
  readonly stored: Buffer[] = [];
  readonly decoded: Buffer[] = [];
  readonly #codec: EncryptionCodec;

  constructor(codec: EncryptionCodec) {
    this.#codec = codec;
  }

  async add(value: unknown): Promise<void> {
    if (typeof value === 'string') return this.#keep(Buffer.from(value));
    if (value instanceof Uint8Array) return this.#keep(Buffer.from(value));
    if (typeof value !== 'object' || value === null) return;
    if (isPayload(value)) {
      for (const { data } of await this.#codec.decode([value])) {
        if (data) this.decoded.push(Buffer.from(data), SEPARATOR);
      }
    }
    for (const member of Object.values(value)) await this.add(member);
  }

  #keep(bytes: Buffer): void {
    this.stored.push(bytes, SEPARATOR);
  }
}

function isPayload(value: object): value is Payload {
  return (
    'metadata' in value &&
    typeof value.metadata === 'object' &&
    value.metadata !== null &&
    'data' in value &&
    value.data instanceof Uint8Array &&
    Object.values(value.metadata).every((entry) => entry instanceof Uint8Array)
  );
}
