/** What waits see now: shown while they wait, gone when the chain says how they ended. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Wait } from '../../src/domain/waits.js';
import { acceptInput, newId, TARGET } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
beforeAll(async () => {
  ledger = await freshLedger();
});
afterAll(() => ledger.close());

const SEEN: Wait = {
  target: TARGET,
  step: 'sync',
  clause: 'other-revision: it compares 4f2a',
  since: '2026-11-26T08:00:00.000Z',
};

async function accepted(): Promise<string> {
  const id = newId();
  await ledger.api.acceptRequest(acceptInput(id));
  return id;
}

describe('what a wait sees', () => {
  it('is the last thing that it saw, for each step of each target', async () => {
    const id = await accepted();
    const secret: Wait = { ...SEEN, step: 'external-secret', clause: 'not-ready: SecretSyncedError' };
    const other: Wait = { ...SEEN, target: 'harbour-02/dev' };
    for (const wait of [SEEN, secret, other]) await ledger.worker.noteWait(id, wait);
    const later: Wait = {
      ...SEEN,
      clause: 'not-healthy-long-enough: 2 s',
      since: '2026-11-26T08:00:12.500Z',
    };
    await ledger.worker.noteWait(id, later);
    expect(await ledger.api.waitsOf(id)).toEqual([secret, later, other]);
    expect(await ledger.api.waitsOf(await accepted())).toEqual([]);
  });

  it('is told to those who listen, and only when it is new', async () => {
    const id = await accepted();
    const heard: (string | null)[] = [];
    const unlisten = await ledger.api.listen((_seq, requestId) => heard.push(requestId));
    await ledger.worker.noteWait(id, SEEN);
    await ledger.worker.noteWait(id, SEEN);
    // what comes after it proves that nothing is still on its way
    const after = await accepted();
    await expect.poll(() => heard).toContain(after);
    expect(heard.filter((requestId) => requestId === id)).toHaveLength(1);
    await unlisten();
  });

  it('is gone when the check has passed, and that of others stays', async () => {
    const id = await accepted();
    const secret: Wait = { ...SEEN, step: 'external-secret' };
    for (const wait of [SEEN, secret]) await ledger.worker.noteWait(id, wait);
    await ledger.worker.passCheck(id, { key: `${TARGET}:sync`, system: 'argocd', readBack: {} });
    expect(await ledger.api.waitsOf(id)).toEqual([secret]);
  });

  it('is gone when the target or the request has ended, and comes too late afterwards', async () => {
    const id = await accepted();
    const other: Wait = { ...SEEN, target: 'harbour-02/dev' };
    for (const wait of [SEEN, other]) await ledger.worker.noteWait(id, wait);
    await ledger.worker.endTarget(id, { target: TARGET, outcome: 'skipped' });
    expect(await ledger.api.waitsOf(id)).toEqual([other]);
    await ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'over' });
    expect(await ledger.api.waitsOf(id)).toEqual([]);
    await ledger.worker.noteWait(id, SEEN);
    expect(await ledger.api.waitsOf(id)).toEqual([]);
  });

  it('is kept of no request that the ledger does not know, and is no part of the chain', async () => {
    const before = await ledger.api.head();
    await ledger.worker.noteWait('req-unknown', SEEN);
    expect(await ledger.api.waitsOf('req-unknown')).toEqual([]);
    const id = await accepted();
    const head = await ledger.api.head();
    await ledger.worker.noteWait(id, SEEN);
    expect((await ledger.api.head()).hash).toBe(head.hash);
    expect(head.seq).toBeGreaterThan(before.seq);
  });
});
