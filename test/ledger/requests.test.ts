import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/ledger/migrate.js';
import {
  acceptInput,
  decisionBody,
  newId,
  openBody,
  planBody,
  planned,
  sha,
  vote,
  waiting,
} from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
beforeAll(async () => {
  ledger = await freshLedger();
});
afterAll(() => ledger.close());

const typesOf = async (requestId: string) =>
  (await ledger.api.entriesOf(requestId)).map((entry) => entry.type);

describe('migrations', () => {
  it('run once, and nothing is left to do the second time', async () => {
    expect(await migrate(ledger.urlOf('owner'))).toEqual([]);
  });

  it('refuse another login than the owner and say so', async () => {
    await expect(migrate(ledger.urlOf('api'))).rejects.toThrow(/migrations are run as gatehouse_owner/);
  });
});

describe('accepting a request', () => {
  it('appends request and policy and keeps the start of the workflow in the outbox', async () => {
    const requestId = newId();
    expect(await ledger.api.acceptRequest(acceptInput(requestId))).toEqual({ state: 'accepted' });
    expect(await typesOf(requestId)).toEqual(['request.accepted', 'policy.pinned']);
    const messages = await ledger.api.claimOutbox(100);
    expect(messages.filter((message) => message.requestId === requestId)).toEqual([
      expect.objectContaining({ kind: 'start', payload: JSON.stringify({ requestId }), attempts: 1 }),
    ]);
  });

  it('gives back the exact body that was appended', async () => {
    const requestId = newId();
    const input = acceptInput(requestId);
    await ledger.api.acceptRequest(input);
    const [accepted, pinned] = await ledger.worker.entriesOf(requestId);
    expect(accepted?.body).toEqual(input.accepted);
    expect(pinned?.body).toEqual(input.pinnedPolicy);
  });

  it('answers the open request of the same workflow id, and takes a new one after its end', async () => {
    const [first, second] = [newId(), newId()];
    await ledger.api.acceptRequest(acceptInput(first, 'fleet/otterize/shared'));
    const open = { requestId: first, contentHash: sha('content') };
    expect(await ledger.api.findOpenByWorkflowId('fleet/otterize/shared')).toEqual(open);
    const again = acceptInput(second, 'fleet/otterize/shared', 'other content');
    expect(await ledger.api.acceptRequest(again)).toEqual({ state: 'open', ...open });
    expect(await typesOf(second)).toEqual([]);

    await ledger.worker.endRequest(first, { outcome: 'done', message: '1 of 1 done' });
    expect(await ledger.api.findOpenByWorkflowId('fleet/otterize/shared')).toBeNull();
    expect(await ledger.api.acceptRequest(again)).toEqual({ state: 'accepted' });
  });

  it('accepts one of twenty that come at once for one workflow id', async () => {
    const ids = Array.from({ length: 20 }, () => newId());
    const results = await Promise.all(
      ids.map((requestId) => ledger.api.acceptRequest(acceptInput(requestId, 'fleet/otterize/race'))),
    );
    expect(results.filter(({ state }) => state === 'accepted')).toHaveLength(1);
    expect(results.filter(({ state }) => state === 'open')).toHaveLength(19);
  });

  it('answers a repeated idempotency key with the first request and refuses another body under it', async () => {
    const requestId = newId();
    const key = { key: 'CHG0042', actorId: 'ticketing', bodyHash: sha('body') };
    expect(await ledger.api.findIdempotent(key)).toBeNull();
    await ledger.api.acceptRequest({ ...acceptInput(requestId), idempotency: key });
    expect(await ledger.api.findIdempotent(key)).toEqual({ state: 'repeated', requestId });
    const repeat = { ...acceptInput(newId()), idempotency: key };
    expect(await ledger.api.acceptRequest(repeat)).toEqual({ state: 'repeated', requestId });
    const other = { ...repeat, idempotency: { ...key, bodyHash: sha('other body') } };
    expect(await ledger.api.acceptRequest(other)).toEqual({ state: 'key-reused' });
    const stranger = { ...repeat, idempotency: { ...key, actorId: 'somebody-else' } };
    expect(await ledger.api.acceptRequest(stranger)).toEqual({ state: 'accepted' });
  });

  it('leads a key to the open request when the content is the same', async () => {
    const requestId = newId();
    const workflowId = `fleet/otterize/${requestId}`;
    await ledger.api.acceptRequest(acceptInput(requestId, workflowId));
    const key = { key: newId('key'), actorId: 'ticketing', bodyHash: sha('body') };
    const repeat = { ...acceptInput(newId(), workflowId), idempotency: key };
    expect(await ledger.api.acceptRequest(repeat)).toMatchObject({ state: 'open', requestId });
    await ledger.worker.endRequest(requestId, { outcome: 'done', message: 'done' });
    expect(await ledger.api.acceptRequest(repeat)).toEqual({ state: 'repeated', requestId });
  });

  it('leaves a key free when the open request has other content', async () => {
    const requestId = newId();
    const workflowId = `fleet/otterize/${requestId}`;
    await ledger.api.acceptRequest(acceptInput(requestId, workflowId));
    const key = { key: newId('key'), actorId: 'ticketing', bodyHash: sha('body') };
    const other = { ...acceptInput(newId(), workflowId, 'other content'), idempotency: key };
    expect(await ledger.api.acceptRequest(other)).toMatchObject({ state: 'open', requestId });
    await ledger.worker.endRequest(requestId, { outcome: 'done', message: 'done' });
    expect(await ledger.api.acceptRequest(other)).toEqual({ state: 'accepted' });
  });

  it('refuses a body that is not of its shape before anything is sent', async () => {
    const input = acceptInput(newId());
    const spoilt = { ...input, accepted: { ...input.accepted, requestHash: 'not a hash' } };
    await expect(ledger.api.acceptRequest(spoilt)).rejects.toMatchObject({ reason: 'malformed' });
  });
});

describe('plans', () => {
  it('take the epochs in order, once each, and repeat without effect', async () => {
    const requestId = await planned(ledger);
    await ledger.worker.recordPlan(requestId, planBody(requestId, 1));
    await expect(
      ledger.worker.recordPlan(requestId, planBody(requestId, 1, ['other:key'])),
    ).rejects.toMatchObject({
      reason: 'contradiction',
    });
    await expect(ledger.worker.recordPlan(requestId, planBody(requestId, 3))).rejects.toMatchObject({
      reason: 'wrong-epoch',
    });
    await ledger.worker.recordPlan(requestId, planBody(requestId, 2));
    expect(await typesOf(requestId)).toEqual([
      'request.accepted',
      'policy.pinned',
      'plan.recorded',
      'plan.recorded',
    ]);
  });

  it('are refused for a request that nobody accepted', async () => {
    const requestId = newId();
    await expect(ledger.worker.recordPlan(requestId, planBody(requestId, 1))).rejects.toMatchObject({
      name: 'LedgerRefused',
      reason: 'unknown-request',
    });
  });
});

describe('decisions', () => {
  it('are kept once per person, gate and epoch; the same envelope again is the same', async () => {
    const requestId = await waiting(ledger);
    const body = decisionBody('p-0002');
    const first = await vote(ledger, requestId, body);
    expect(first).toEqual({ state: 'recorded', seq: expect.any(Number) });
    expect(await vote(ledger, requestId, body)).toEqual({ ...first, state: 'same' });
    expect(await vote(ledger, requestId, decisionBody('p-0002', { decision: 'reject' }))).toEqual({
      state: 'already-voted',
    });
    expect(await vote(ledger, requestId, decisionBody('p-0003'))).toMatchObject({ state: 'recorded' });
  });

  it('refuse a jti that another decision used, also in another request', async () => {
    const [one, other] = [await waiting(ledger), await waiting(ledger)];
    const body = decisionBody('p-0002');
    await vote(ledger, one, body);
    await expect(vote(ledger, other, body)).rejects.toMatchObject({ reason: 'contradiction' });
    await expect(vote(ledger, one, { ...body, decision: 'reject' })).rejects.toMatchObject({
      reason: 'contradiction',
    });
  });

  it('of one person at once: one of thirty is recorded', async () => {
    const requestId = await waiting(ledger);
    const results = await Promise.all(
      Array.from({ length: 30 }, () => vote(ledger, requestId, decisionBody('p-0002'))),
    );
    expect(results.filter(({ state }) => state === 'recorded')).toHaveLength(1);
    expect(results.filter(({ state }) => state === 'already-voted')).toHaveLength(29);
    expect((await typesOf(requestId)).filter((type) => type === 'decision.made')).toHaveLength(1);
  });

  it('are closed before the gate opens, after it closes, after its due time and after the end', async () => {
    const requestId = await planned(ledger);
    expect(await vote(ledger, requestId, decisionBody('p-0002'))).toEqual({ state: 'closed' });
    await ledger.worker.openGate(requestId, { ...openBody('late'), due: '2026-01-01T00:00:00.000Z' });
    expect(await vote(ledger, requestId, decisionBody('p-0002', { gate: 'late' }))).toEqual({
      state: 'closed',
    });
    await ledger.worker.openGate(requestId, openBody('open'));
    expect(await vote(ledger, requestId, decisionBody('p-0002', { gate: 'open' }))).toMatchObject({
      state: 'recorded',
    });
    await ledger.worker.closeGate(requestId, { gate: 'open', epoch: 1, result: 'passed' });
    expect(await vote(ledger, requestId, decisionBody('p-0003', { gate: 'open' }))).toEqual({
      state: 'closed',
    });
    await ledger.worker.openGate(requestId, openBody('other'));
    await ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'cancelled' });
    expect(await vote(ledger, requestId, decisionBody('p-0003', { gate: 'other' }))).toEqual({
      state: 'closed',
    });
  });

  it('on an older epoch are superseded', async () => {
    const requestId = await waiting(ledger);
    await ledger.worker.recordPlan(requestId, planBody(requestId, 2));
    expect(await vote(ledger, requestId, decisionBody('p-0002'))).toEqual({ state: 'superseded' });
  });

  it('and their news are kept together or not at all', async () => {
    const requestId = await waiting(ledger);
    const body = decisionBody('p-0002');
    const before = await ledger.api.head();
    const garbage = ledger.api.recordDecision(requestId, body, { kind: 'signal', payload: '\u0000' });
    await expect(garbage).rejects.toMatchObject({ name: 'LedgerRefused', reason: 'malformed' });
    expect((await ledger.api.head()).seq).toBe(before.seq);
    expect(await vote(ledger, requestId, body)).toMatchObject({ state: 'recorded' });
  });
});

describe('gates, targets and endings', () => {
  it('repeat without effect and refuse to be contradicted', async () => {
    const requestId = await waiting(ledger);
    const { worker } = ledger;
    await worker.openGate(requestId, { ...openBody(), openedAt: '2027-01-01T00:00:00.000Z' });
    const reminder = { gate: 'procurement', epoch: 1, kind: 'reminder', number: 1 } as const;
    await worker.remindGate(requestId, reminder);
    await worker.remindGate(requestId, reminder);
    await worker.remindGate(requestId, { ...reminder, number: 2 });
    await worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result: 'passed' });
    await worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result: 'passed' });
    await expect(
      worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result: 'expired' }),
    ).rejects.toMatchObject({ reason: 'contradiction' });
    await worker.startRequest(requestId, { targets: 1 });
    await worker.startRequest(requestId, { targets: 1 });
    const check = { key: 'a:sync', system: 'argocd', readBack: { revision: 'abc' } } as const;
    await worker.passCheck(requestId, check);
    await worker.passCheck(requestId, check);
    await worker.passCheck(requestId, { ...check, readBack: { revision: 'def' } });
    const target = 'harbour-01/dev';
    await worker.startTarget(requestId, { target });
    await worker.startTarget(requestId, { target });
    await worker.endTarget(requestId, { target, outcome: 'failed' });
    await worker.endTarget(requestId, { target, outcome: 'failed' });
    await worker.startTarget(requestId, { target });
    await worker.endTarget(requestId, { target, outcome: 'done' });
    await worker.endRequest(requestId, { outcome: 'done', message: '1 of 1' });
    await worker.endRequest(requestId, { outcome: 'done', message: 'other words' });
    await expect(worker.endRequest(requestId, { outcome: 'failed', message: '' })).rejects.toMatchObject({
      reason: 'contradiction',
    });
    await expect(worker.startTarget(requestId, { target })).rejects.toMatchObject({ reason: 'ended' });
    expect((await typesOf(requestId)).slice(3)).toEqual([
      'gate.opened',
      'gate.reminded',
      'gate.reminded',
      'gate.closed',
      'request.started',
      'check.passed',
      'check.passed',
      'target.started',
      'target.ended',
      'target.started',
      'target.ended',
      'request.ended',
    ]);
  });

  it('are for the current epoch only', async () => {
    const requestId = await planned(ledger);
    await expect(ledger.worker.openGate(requestId, openBody('procurement', 2))).rejects.toMatchObject({
      reason: 'wrong-epoch',
    });
  });
});

describe('commands, revocations and alarms', () => {
  const by = { kind: 'person', id: 'p-0009' } as const;

  it('keep a command once per command id', async () => {
    const requestId = await planned(ledger);
    const command = { commandId: newId('cmd'), command: 'retry', targets: ['harbour-01/dev'], by } as const;
    const news = { kind: 'command', payload: JSON.stringify(command) };
    const { state, outboxId } = await ledger.api.recordCommand(requestId, command, news);
    expect([state, outboxId]).toEqual(['recorded', expect.any(Number)]);
    // its message still waits, then it does not
    expect(await ledger.api.recordCommand(requestId, command, news)).toEqual({ state: 'same', outboxId });
    await ledger.api.outboxDelivered(outboxId ?? 0);
    expect(await ledger.api.recordCommand(requestId, command, news)).toEqual({
      state: 'same',
      outboxId: null,
    });
    await expect(
      ledger.api.recordCommand(requestId, { ...command, command: 'skip' }, news),
    ).rejects.toMatchObject({ reason: 'contradiction' });
  });

  it('revoke a request once and tell the workflow', async () => {
    const requestId = await planned(ledger);
    const news = { kind: 'cancel', payload: '{}' };
    expect(await ledger.api.revokeRequest(requestId, { by }, news)).toEqual({ state: 'recorded' });
    expect(await ledger.api.revokeRequest(requestId, { by }, news)).toEqual({ state: 'same' });
    await expect(ledger.worker.openGate(requestId, openBody())).rejects.toMatchObject({ reason: 'revoked' });
  });

  it('keep an alarm about a request that nobody knows, without its id', async () => {
    const before = await ledger.api.head();
    const alarm = { alarm: 'decision-not-in-ledger', detail: 'made up', count: 3 } as const;
    await ledger.worker.raiseAlarm('no such\nrequest', alarm);
    await ledger.api.recordRefusal(newId(), { route: '/v1/requests', status: 401, reason: 'no token' });
    expect(await ledger.api.entriesAfter(before.seq, 10)).toEqual([
      expect.objectContaining({ type: 'alarm.raised', requestId: null, body: alarm }),
      expect.objectContaining({ type: 'call.refused', requestId: null }),
    ]);
  });

  it('know when a key was revoked, the first time', async () => {
    const kid = newId('kid');
    await ledger.api.revokeKey({ kid });
    const first = (await ledger.worker.revokedKeys()).get(kid);
    await ledger.api.revokeKey({ kid });
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect((await ledger.api.revokedKeys()).get(kid)).toBe(first);
  });
});

describe('lists', () => {
  it('name the gates that wait, and only those', async () => {
    const [open, closed, revoked, ended, superseded] = [
      await waiting(ledger),
      await waiting(ledger),
      await waiting(ledger),
      await waiting(ledger),
      await waiting(ledger),
    ];
    await ledger.worker.closeGate(closed, { gate: 'procurement', epoch: 1, result: 'rejected' });
    await ledger.api.revokeRequest(revoked, { by: { kind: 'person', id: 'p-0009' } });
    await ledger.worker.endRequest(ended, { outcome: 'rejected', message: 'no' });
    await ledger.worker.recordPlan(superseded, planBody(superseded, 2));
    const gates = await ledger.api.openGates();
    expect(gates.find((gate) => gate.requestId === open)).toEqual({
      requestId: open,
      workflowId: `fleet/otterize/${open}`,
      gate: 'procurement',
      epoch: 1,
      openedAt: openBody().openedAt,
      due: null,
    });
    const listed = gates.map((gate) => gate.requestId);
    for (const other of [closed, revoked, ended, superseded]) expect(listed).not.toContain(other);
  });

  it('page through requests, newest first', async () => {
    const workflowId = `fleet/otterize/${newId('pages')}`;
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const requestId = newId();
      ids.unshift(requestId);
      await ledger.api.acceptRequest(acceptInput(requestId, workflowId));
      await ledger.worker.endRequest(requestId, { outcome: 'done', message: 'done' });
    }
    const first = await ledger.api.requests({ limit: 2, workflowId });
    expect(first.map((request) => request.requestId)).toEqual(ids.slice(0, 2));
    expect(first[0]).toMatchObject({
      kind: 'Fleet',
      epoch: 0,
      started: false,
      revoked: false,
      ended: { outcome: 'done' },
    });
    const rest = await ledger.api.requests({ limit: 2, workflowId, before: first.at(-1)?.seq ?? 0 });
    expect(rest.map((request) => request.requestId)).toEqual(ids.slice(2));
  });
});
