/** Requests of one name take turns: who is in work, who waits, and what becomes of those who wait. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcceptResult, Turn } from '../../src/ledger/ports.js';
import { acceptInput, KEY, newId, planBody } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
beforeAll(async () => {
  ledger = await freshLedger();
});
afterAll(() => ledger.close());

const by = { kind: 'person', id: 'p-olga' } as const;
const CANCEL = { kind: 'command', payload: '{}' };

/** A name of its own for each test. */
function name(): string {
  return `promotion/shop/${newId('env')}`;
}

async function ask(
  workflowId: string,
  requestId: string,
  turn: Turn | 'none' = 'last',
  content = requestId,
): Promise<AcceptResult> {
  return ledger.api.acceptRequest({
    ...acceptInput(requestId, workflowId, content),
    ...(turn === 'none' ? {} : { turn }),
  });
}

async function asked(workflowId: string, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => newId());
  for (const id of ids) expect((await ask(workflowId, id)).state).toBe('accepted');
  return ids;
}

const line = async (workflowId: string): Promise<readonly string[]> =>
  (await ledger.api.openRequests(workflowId)).map(
    ({ requestId, waits }) => `${requestId}${waits ? ' waits' : ''}`,
  );
const types = async (requestId: string): Promise<readonly string[]> =>
  (await ledger.api.entriesOf(requestId)).map(({ type }) => type);
const cancel = (requestId: string, commandId = newId('cmd')) =>
  ledger.api.recordCommand(requestId, { commandId, command: 'cancel', targets: [], by }, CANCEL);
const end = (requestId: string) =>
  ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'over' });

/** Starts that are due now; each is delivered, as the dispatcher does. */
async function startsDue(): Promise<readonly string[]> {
  const due = (await ledger.api.claimOutbox(200)).filter(({ kind }) => kind === 'start');
  for (const { id } of due) await ledger.api.outboxDelivered(id);
  return due.map(({ requestId }) => requestId);
}

/** Requests whose end somebody is to be told, when that is all that is due; delivered, as the dispatcher does. */
async function endsToTell(): Promise<readonly string[]> {
  const due = await ledger.api.claimOutbox(200);
  for (const { id } of due) await ledger.api.outboxDelivered(id);
  return due.map(({ kind, requestId, payload }) => {
    expect([kind, JSON.parse(payload)]).toEqual(['end', { requestId }]);
    return requestId;
  });
}

describe('requests of one name', () => {
  it('are started one after the other, in the order of asking', async () => {
    const workflowId = name();
    const [first = '', second = '', third = ''] = await asked(workflowId, 3);
    expect(await line(workflowId)).toEqual([first, `${second} waits`, `${third} waits`]);
    expect(await startsDue()).toEqual([first]);
    await end(first);
    expect(await startsDue()).toEqual([second]);
    expect(await types(second)).toEqual([
      'request.accepted',
      'policy.pinned',
      'request.queued',
      'turn.given',
    ]);
    expect(await startsDue()).toEqual([]);
    await end(second);
    expect(await startsDue()).toEqual([third]);
    await end(third);
    expect(await line(workflowId)).toEqual([]);
  });

  it('are refused while one is open when they may not wait, and the same is asked once', async () => {
    const workflowId = name();
    const [first = ''] = await asked(workflowId, 1);
    expect(await ask(workflowId, newId(), 'none')).toMatchObject({ state: 'open', requestId: first });
    expect(await ask(workflowId, newId(), 'last', first)).toMatchObject({ state: 'open', requestId: first });
    const [second = ''] = await asked(workflowId, 1);
    expect(await ask(workflowId, newId(), 'last', second)).toMatchObject({
      state: 'open',
      requestId: second,
    });
    // what was asked first and then something else is asked again: that is what shall be there in the end
    expect((await ask(workflowId, newId(), 'last', first)).state).toBe('accepted');
  });

  it('let those who are in a hurry go first, behind the one in work and each other', async () => {
    const workflowId = name();
    const [first = '', second = ''] = await asked(workflowId, 2);
    const [hotfix, glass] = [newId('hot'), newId('glass')];
    await ask(workflowId, hotfix, 'first');
    await ask(workflowId, glass, 'first');
    expect(await line(workflowId)).toEqual([first, `${hotfix} waits`, `${glass} waits`, `${second} waits`]);
    const queued = await ledger.api.entriesOf(glass);
    expect(queued.find(({ type }) => type === 'request.queued')?.body).toEqual({
      behind: hotfix,
      goesFirst: true,
    });
    await end(first);
    expect(await line(workflowId)).toEqual([hotfix, `${glass} waits`, `${second} waits`]);
  });

  it('that ask at the same moment stand in one line, and one is in work', async () => {
    const workflowId = name();
    const ids = Array.from({ length: 8 }, () => newId());
    await Promise.all(ids.map((id) => ask(workflowId, id)));
    const found = await ledger.api.openRequests(workflowId);
    expect(found.filter(({ waits }) => !waits)).toHaveLength(1);
    expect(found.map(({ requestId }) => requestId).sort()).toEqual([...ids].sort());
  });
});

describe('a request that waits for its turn', () => {
  it('has no plan, and so no gate and no effect, whoever starts its run', async () => {
    const workflowId = name();
    const [first = '', second = ''] = await asked(workflowId, 2);
    await expect(ledger.worker.recordPlan(second, planBody(second, 1))).rejects.toMatchObject({
      name: 'LedgerRefused',
      reason: 'waits',
    });
    const effect = { key: KEY, epoch: 1, system: 'otterize' };
    expect(await ledger.worker.reserveEffect(second, effect, 99)).toEqual({
      state: 'refused',
      reason: 'no-plan',
    });
    await end(first);
    await ledger.worker.recordPlan(second, planBody(second, 1));
    expect((await ledger.worker.reserveEffect(second, effect, 99)).state).toBe('reserved');
  });

  it('ends when it is cancelled, and is never started; the others move up', async () => {
    const workflowId = name();
    const [first = '', second = '', third = ''] = await asked(workflowId, 3);
    await startsDue();
    expect(await cancel(second)).toEqual({ state: 'ended', outboxId: null });
    expect(await endsToTell()).toEqual([second]);
    expect((await ledger.api.entriesOf(second)).at(-1)?.body).toMatchObject({ outcome: 'cancelled' });
    expect(await line(workflowId)).toEqual([first, `${third} waits`]);
    await end(first);
    expect(await startsDue()).toEqual([third]);
    await expect(cancel(second)).rejects.toMatchObject({ reason: 'ended' });
  });

  it('ends when it is revoked, and no run is told: the run of its name is that of another', async () => {
    const workflowId = name();
    const [first = '', second = ''] = await asked(workflowId, 2);
    await startsDue();
    await ledger.api.revokeRequest(second, { by }, { kind: 'revocation', payload: '{}' });
    expect((await ledger.api.entriesOf(second)).at(-1)?.body).toMatchObject({ outcome: 'revoked' });
    expect(await endsToTell()).toEqual([second]);
    expect(await line(workflowId)).toEqual([first]);
  });

  it('takes no other command', async () => {
    const [, second = ''] = await asked(name(), 2);
    for (const command of ['pause', 'retry', 'rollback'] as const) {
      await expect(
        ledger.api.recordCommand(second, { commandId: newId('cmd'), command, targets: [], by }, CANCEL),
      ).rejects.toMatchObject({ reason: 'waits' });
    }
    expect(await types(second)).not.toContain('command.given');
  });

  it('is nothing that is late', async () => {
    await startsDue();
    const before = (await ledger.api.vitalSigns()).outboxWaiting;
    const [first = ''] = await asked(name(), 2);
    expect((await ledger.api.vitalSigns()).outboxWaiting).toBe(before + 1);
    await startsDue();
    await end(first);
    expect((await ledger.api.vitalSigns()).outboxWaiting).toBe(before + 1);
  });

  it('takes its idempotency key along', async () => {
    const workflowId = name();
    await asked(workflowId, 1);
    const waiting = newId();
    const idempotency = { key: 'k', actorId: waiting, bodyHash: 'h' };
    const input = { ...acceptInput(waiting, workflowId, waiting), turn: 'last', idempotency } as const;
    expect((await ledger.api.acceptRequest(input)).state).toBe('accepted');
    expect(await ledger.api.acceptRequest({ ...input, requestId: newId() })).toEqual({
      state: 'repeated',
      requestId: waiting,
    });
  });
});
