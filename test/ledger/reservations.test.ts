import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  completion,
  decisionBody,
  KEY,
  newId,
  openBody,
  permitted,
  planBody,
  planned,
  reserve,
  vote,
  waiting,
} from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
beforeAll(async () => {
  ledger = await freshLedger();
});
afterAll(() => ledger.close());

const reservationsOf = async (requestId: string) =>
  (await ledger.worker.entriesOf(requestId)).filter((entry) => entry.type === 'effect.reserved');
const OTHER_KEY = 'harbour-01/dev:values';
const by = { kind: 'person', id: 'p-0009' } as const;

describe('reserving an effect', () => {
  it('is given once, resumed by whoever comes second, and completed with what was read back', async () => {
    const requestId = await permitted(ledger);
    const first = await reserve(ledger, requestId);
    expect(first).toEqual({ state: 'reserved', at: expect.stringMatching(/Z$/) });
    expect(await reserve(ledger, requestId)).toEqual({ ...first, state: 'resumed' });
    await ledger.worker.completeEffect(requestId, completion());
    await ledger.worker.completeEffect(requestId, { ...completion(), outcome: 'adopted' });
    expect(await reserve(ledger, requestId)).toEqual({
      state: 'completed',
      at: expect.stringMatching(/Z$/),
      outcome: 'created',
      readBack: { organisationId: 'org_1' },
    });
    expect(await reservationsOf(requestId)).toHaveLength(1);
  });

  it('fifty times at once leaves one row', async () => {
    const requestId = await permitted(ledger);
    const results = await Promise.all(Array.from({ length: 50 }, () => reserve(ledger, requestId)));
    expect(results.filter(({ state }) => state === 'reserved')).toHaveLength(1);
    expect(results.filter(({ state }) => state === 'resumed')).toHaveLength(49);
    expect(await reservationsOf(requestId)).toHaveLength(1);
  });

  it('is refused for a request that is unknown, has no plan, has ended or is revoked', async () => {
    const refused = (reason: string) => ({ state: 'refused', reason });
    expect(await reserve(ledger, newId())).toEqual(refused('unknown-request'));
    const ended = await permitted(ledger);
    await ledger.worker.endRequest(ended, { outcome: 'cancelled', message: 'cancelled' });
    expect(await reserve(ledger, ended)).toEqual(refused('ended'));
    const revoked = await permitted(ledger);
    expect(await reserve(ledger, revoked)).toMatchObject({ state: 'reserved' });
    await ledger.api.revokeRequest(revoked, { by });
    expect(await reserve(ledger, revoked)).toEqual(refused('revoked'));
  });

  it('is refused for another epoch than the current one, older or newer', async () => {
    const requestId = await permitted(ledger);
    expect(await reserve(ledger, requestId, 2)).toEqual({ state: 'refused', reason: 'superseded' });
    await ledger.worker.recordPlan(requestId, planBody(requestId, 2));
    expect(await reserve(ledger, requestId, 1)).toEqual({ state: 'refused', reason: 'superseded' });
    expect(await reserve(ledger, requestId, 2)).toMatchObject({ state: 'reserved' });
  });

  it('is refused for an effect that the plan does not hold', async () => {
    const requestId = await permitted(ledger);
    expect(await reserve(ledger, requestId, 1, 'harbour-01/prod:organisation')).toEqual({
      state: 'refused',
      reason: 'not-planned',
    });
  });

  it('is refused while a gate is open and after it was closed without passing', async () => {
    const open = await waiting(ledger);
    await vote(ledger, open, decisionBody('p-0002'));
    expect(await reserve(ledger, open)).toEqual({ state: 'refused', reason: 'gate-not-passed' });
    for (const result of ['rejected', 'expired'] as const) {
      const requestId = await waiting(ledger);
      await ledger.worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result });
      expect(await reserve(ledger, requestId)).toEqual({ state: 'refused', reason: 'gate-not-passed' });
    }
    const second = await permitted(ledger);
    await ledger.worker.openGate(second, openBody('data-protection'));
    expect(await reserve(ledger, second)).toEqual({ state: 'refused', reason: 'gate-not-passed' });
  });

  it('is refused when decisions were made after the caller read the entries', async () => {
    const requestId = await waiting(ledger);
    await vote(ledger, requestId, decisionBody('p-0002'));
    const judgedUpTo = await ledger.worker.lastSeq();
    await vote(ledger, requestId, decisionBody('p-0003', { decision: 'reject' }));
    await ledger.worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result: 'passed' });
    const body = { key: KEY, epoch: 1, system: 'otterize' };
    expect(await ledger.worker.reserveEffect(requestId, body, judgedUpTo)).toEqual({
      state: 'refused',
      reason: 'changed-meanwhile',
    });
  });

  it.each<[string, (requestId: string) => Promise<unknown>]>([
    [
      'it was cancelled',
      (requestId) =>
        ledger.api.recordCommand(
          requestId,
          { commandId: newId('cmd'), command: 'cancel', targets: [], by },
          { kind: 'command', payload: '{}' },
        ),
    ],
    [
      'a hold was placed',
      () =>
        ledger.api.placeHold(null, {
          holdId: newId('hold'),
          scope: { application: 'shop' },
          by,
        }),
    ],
    ['a key was revoked', () => ledger.api.revokeKey({ kid: newId('key') })],
  ])('is refused when %s after the caller read the entries', async (_, happens) => {
    const requestId = await permitted(ledger, [KEY, OTHER_KEY]);
    const judgedUpTo = await ledger.worker.lastSeq();
    expect(await reserveAt(requestId, KEY, judgedUpTo)).toMatchObject({ state: 'reserved' });
    await happens(requestId);
    const refused = { state: 'refused', reason: 'changed-meanwhile' };
    for (const key of [KEY, OTHER_KEY]) expect(await reserveAt(requestId, key, judgedUpTo)).toEqual(refused);
    // who knows of it and still may, goes on
    expect(await reserve(ledger, requestId)).toMatchObject({ state: 'resumed' });
  });

  it('against a revocation at the same moment: never a reservation after the revocation', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `harbour-01/dev:object-${i}`);
    const requestId = await permitted(ledger, keys);
    const entries = await ledger.worker.entriesOf(requestId);
    const judgedUpTo = entries.at(-1)?.seq ?? 0;
    await Promise.all([
      ...keys.slice(0, 10).map((key) => reserveAt(requestId, key, judgedUpTo)),
      ledger.api.revokeRequest(requestId, { by }),
      ...keys.slice(10).map((key) => reserveAt(requestId, key, judgedUpTo)),
    ]);
    const after = await ledger.worker.entriesOf(requestId);
    const revokedAt = after.findIndex((entry) => entry.type === 'request.revoked');
    expect(revokedAt).toBeGreaterThan(0);
    expect(after.slice(revokedAt).filter((entry) => entry.type === 'effect.reserved')).toEqual([]);
  });

  const reserveAt = (requestId: string, key: string, judgedUpTo: number) =>
    ledger.worker.reserveEffect(requestId, { key, epoch: 1, system: 'otterize' }, judgedUpTo);
});

describe('completing an effect', () => {
  it('is refused without a reservation of the same key and epoch', async () => {
    const requestId = await permitted(ledger);
    const complete = () => ledger.worker.completeEffect(requestId, completion());
    await expect(complete()).rejects.toMatchObject({ reason: 'not-reserved' });
    await reserve(ledger, requestId);
    await expect(ledger.worker.completeEffect(requestId, completion(2))).rejects.toMatchObject({
      reason: 'not-reserved',
    });
    await complete();
  });

  it('is allowed after the end, since the effect has happened', async () => {
    const requestId = await permitted(ledger);
    await reserve(ledger, requestId);
    await ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'cancelled' });
    await ledger.worker.completeEffect(requestId, completion());
    expect((await ledger.worker.entriesOf(requestId)).at(-1)?.type).toBe('effect.completed');
  });
});

describe('effects by key', () => {
  it('name what any request made under the key, newest first', async () => {
    const key = `${newId('harbour')}/dev:organisation`;
    const [first, second] = [await permitted(ledger, [key]), await permitted(ledger, [key])];
    await reserve(ledger, first, 1, key);
    await ledger.worker.completeEffect(first, completion(1, key));
    await reserve(ledger, second, 1, key);
    expect((await ledger.worker.effectsByKey(key)).map((entry) => [entry.type, entry.requestId])).toEqual([
      ['effect.reserved', second],
      ['effect.completed', first],
      ['effect.reserved', first],
    ]);
    expect(await ledger.worker.effectsByKey(`${key}-other`)).toEqual([]);
  });
});

it('a request without gates (an empty plan) needs none', async () => {
  const requestId = await planned(ledger);
  expect(await reserve(ledger, requestId)).toMatchObject({ state: 'reserved' });
});
