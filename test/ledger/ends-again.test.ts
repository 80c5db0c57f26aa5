import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntryBodies } from '../../src/domain/ledger.js';
import { entriesOfType } from '../../src/domain/record.js';
import { permitted, TARGET } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

/** A cluster that fails, is tried again and fails in the very same way. */
describe('the end of a target', () => {
  let ledger: FreshLedger;
  beforeAll(async () => {
    ledger = await freshLedger();
  });
  afterAll(() => ledger?.close());

  const failed: EntryBodies['target.ended'] = {
    target: TARGET,
    outcome: 'failed',
    failure: {
      step: 'ensureIntegration',
      system: 'key-vault',
      operation: 'set secret',
      object: 'otterize-cloud-client-id',
      message: 'a deleted secret holds the name',
      remedy: 'Recover it',
      scope: 'target',
    },
  };
  const ends = async (requestId: string): Promise<number> =>
    entriesOfType(await ledger.worker.entriesOf(requestId), 'target.ended').length;
  const command = (requestId: string, name: 'retry' | 'pause', commandId: string) =>
    ledger.api.recordCommand(
      requestId,
      { commandId, command: name, targets: [], by: { kind: 'person', id: 'p-olga' } },
      { kind: 'command', payload: '{}' },
    );

  it('is kept once, however often it is told, and once more after somebody asked to try again', async () => {
    const requestId = await permitted(ledger);
    await ledger.worker.endTarget(requestId, failed);
    await ledger.worker.endTarget(requestId, failed);
    expect(await ends(requestId)).toBe(1);
    await command(requestId, 'pause', 'c-1');
    await ledger.worker.endTarget(requestId, failed);
    expect(await ends(requestId)).toBe(1);
    await command(requestId, 'retry', 'c-2');
    await ledger.worker.endTarget(requestId, failed);
    await ledger.worker.endTarget(requestId, failed);
    expect(await ends(requestId)).toBe(2);
  });
});
