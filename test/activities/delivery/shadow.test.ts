/** Promotions in shadow change nothing, whoever asks for an effect: guard and database each refuse it alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClauseTimes } from '../../../src/activities/delivery/clause-times.js';
import { advanceGates } from '../../../src/activities/ledger/gates.js';
import { effectKey } from '../../../src/domain/plan.js';
import { PROMOTION_OBJECT } from '../../../src/domain/promotion/request.js';
import { type AskedPromotion, PromotionStage } from '../promotion-stage.js';

let stage: PromotionStage;
beforeAll(async () => {
  stage = await PromotionStage.open();
});
afterAll(() => stage?.close());

const CHANGE_RECORD = { rules: { changeRecord: true }, approved: false } as const;
const inShadow = (): Promise<AskedPromotion> => stage.ask({ ...CHANGE_RECORD, shadow: true });

/** Opens a change record, which needs no gate: nothing but the shadow stands against it. */
async function opened({ requestId, environment }: AskedPromotion): Promise<number> {
  let made = 0;
  const act = async () => {
    made += 1;
    return { outcome: 'created', readBack: { number: 'CHG1' } } as const;
  };
  const { changeRecord } = PROMOTION_OBJECT;
  await stage.environmentGuard
    .make({ requestId, target: environment }, 'servicenow', changeRecord, act, { phase: 'proposal' })
    .catch((error: unknown) => {
      expect(error).toMatchObject({ type: 'EffectRefused' });
    });
  return made;
}

async function reserved({ requestId, environment }: AskedPromotion): Promise<unknown> {
  const seq = await stage.ledger.worker.lastSeq();
  const key = effectKey(environment, PROMOTION_OBJECT.changeRecord);
  return await stage.ledger.worker.reserveEffect(requestId, { key, epoch: 1, system: 'servicenow' }, seq);
}

describe('a promotion in shadow', () => {
  it('has no effect through the guard, and an alarm tells of the attempt', async () => {
    const asked = await inShadow();
    expect(await opened(asked)).toBe(0);
    const alarms = (await stage.entries(asked.requestId)).filter(({ type }) => type === 'alarm.raised');
    expect(JSON.stringify(alarms)).toContain('in shadow: nothing is changed for it');
  });

  it('has no effect past the guard: the database refuses its reservation', async () => {
    expect(await reserved(await inShadow())).toEqual({ state: 'refused', reason: 'shadow' });
  });

  it('has one when it is not in shadow: so it is the shadow that refuses', async () => {
    expect(await opened(await stage.ask(CHANGE_RECORD))).toBe(1);
    expect(await reserved(await stage.ask(CHANGE_RECORD))).toMatchObject({ state: 'reserved' });
  });

  it('asks nobody, starts nothing and holds nothing', async () => {
    const { requestId } = await inShadow();
    const { worker } = stage.ledger;
    const judged = await advanceGates(worker, stage.authority, {
      requestId,
      nowMs: Date.now(),
      noticed: [],
      repeated: 0,
      undecodable: 0,
      dropped: 0,
    });
    expect(judged).toMatchObject({ state: 'closed', notices: [] });
    const gate = { gate: 'owner', epoch: 1 };
    for (const attempt of [
      () => worker.openGate(requestId, { ...gate, openedAt: new Date().toISOString() }),
      () => worker.closeGate(requestId, { ...gate, result: 'passed' }),
      () => worker.startRequest(requestId, { targets: 1 }),
      () => worker.placeHold(requestId, { holdId: `rollback-${requestId}`, scope: {}, cause: requestId }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ name: 'LedgerRefused', reason: 'shadow' });
    }
  });
});

describe('what was waited for', () => {
  it('is told clause by clause, with all the time of one that came back', () => {
    let now = 0;
    const times = new ClauseTimes(() => now);
    expect(times.describe()).toBe('waited for nothing');
    for (const [clause, ms] of [
      ['other-revision: it is at abc', 4_000],
      ['other-revision: it is at def', 3_000],
      ['health: progressing', 2_000],
      ['other-revision: it is at abc', 1_000],
    ] as const) {
      times.note(clause);
      now += ms;
    }
    times.note(undefined);
    now += 60_000;
    expect(times.describe()).toBe('waited for other-revision 8 s, health 2 s');
  });
});
