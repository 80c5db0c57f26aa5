import { describe, expect, it } from 'vitest';
import type { Hold } from '../../../src/domain/promotion/holds.js';
import type { EnvironmentRules } from '../../../src/domain/promotion/path.js';
import {
  type ChangeRecordFact,
  judgeReadiness,
  type ReadinessFacts,
} from '../../../src/domain/promotion/readiness.js';
import type { Exception } from '../../../src/domain/promotion/request.js';
import type { FreezePeriod, Window, WindowJudge } from '../../../src/domain/promotion/windows.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** a Wednesday, noon */
const NOW = Date.parse('2026-11-25T12:00:00Z');
const RULES: EnvironmentRules = {
  changeRecord: false,
  unpinned: 'warn',
  clusterKinds: [],
  namespaces: [],
  windows: [],
  checks: [],
  soakMs: 0,
  watchMs: 0,
  onFailure: 'hold',
  whileOpen: 'refuse',
  rollout: { waves: [], maxInFlight: 1, maxFailures: 0 },
};
const APPROVED: ChangeRecordFact = {
  number: 'CHG0030042',
  approval: 'approved',
  isOver: false,
  askedAtMs: NOW,
};
/** from 14:00 for an hour, every day */
const AFTERNOON: Window = {
  kind: 'allow',
  name: 'afternoon',
  schedule: '0 14 * * *',
  durationMs: HOUR,
  timeZone: 'UTC',
};
/** from Tuesday evening to Thursday morning */
const FREEZE: FreezePeriod = {
  name: 'shop/prod-ops #1',
  freezeStart: '0 20 * * 2',
  freezeEnd: '0 8 * * 4',
  timeZone: 'UTC',
};
const CLOSED_FOR_EVER: WindowJudge = () => ({ state: 'closed', because: 'denied by the window "never"' });
const OPEN: WindowJudge = () => ({ state: 'open', because: 'no window is in the way' });

interface Asked {
  readonly exception?: Exception;
  readonly holds?: readonly Hold[];
  readonly changeRecord?: ChangeRecordFact | 'none';
  readonly windows?: readonly Window[];
  readonly freezes?: readonly FreezePeriod[];
  readonly syncWindows?: WindowJudge;
}

function judge(asked: Asked, nowMs = NOW) {
  const { exception, holds = [], changeRecord, windows = [], freezes = [], syncWindows = OPEN } = asked;
  const facts: ReadinessFacts = {
    content: {
      application: 'shop',
      environment: 'prod',
      ...(exception === undefined ? {} : { exception }),
      rules: { ...RULES, windows, changeRecord: changeRecord !== undefined },
    },
    holds,
    ...(changeRecord === undefined || changeRecord === 'none' ? {} : { changeRecord }),
    project: 'shop/prod-ops',
    freezes,
    deliveries: [{ delivery: 'eu', judgeAt: syncWindows }],
  };
  return judgeReadiness(facts, nowMs);
}

function hold(scope: Hold['scope'], cause?: string): Hold {
  return {
    holdId: 'hold-1',
    scope,
    placedAt: '2026-11-24T09:00:00.000Z',
    ...(cause === undefined ? {} : { cause }),
  };
}

const EVERYTHING = hold({});
const OWN = hold({ application: 'shop', environment: 'prod' }, 'req-before');
const WAITING: ChangeRecordFact = { ...APPROVED, approval: 'requested' };

describe('judgeReadiness', () => {
  it('is ready when nothing is in the way', () => {
    expect(judge({ changeRecord: APPROVED })).toEqual({
      state: 'ready',
      clause: 'nothing is in the way',
    });
  });

  it.each<[string, Asked, RegExp, number | undefined]>([
    ['everything is held', { holds: [EVERYTHING] }, /^everything is held since 2026-11-24/, undefined],
    ['the application is held', { holds: [hold({ application: 'shop' })] }, /^shop is held/, undefined],
    ['the environment of all is held', { holds: [hold({ environment: 'prod' })] }, /held/, undefined],
    ['a rollback holds it', { holds: [OWN] }, /shop\/prod is held.*req-before.*releases hold-1/, undefined],
    ['the record is not approved', { changeRecord: WAITING }, /CHG0030042 waits/, NOW + MINUTE],
    [
      'nobody has asked for the approval yet',
      { changeRecord: { ...APPROVED, approval: 'not requested' } },
      /CHG0030042 waits/,
      NOW + MINUTE,
    ],
    [
      'its window opens later',
      { windows: [AFTERNOON] },
      /^promotions to prod: outside of .*afternoon.* opens at 2026-11-25T14:00Z/,
      NOW + 2 * HOUR,
    ],
    [
      'a freeze is on; it may be taken away, so it is looked at before its end',
      { freezes: [FREEZE] },
      /^the project shop\/prod-ops: denied.*2026-11-26T08:00Z/,
      NOW + HOUR,
    ],
    [
      'a sync window never opens',
      { syncWindows: CLOSED_FOR_EVER },
      /^syncs of eu: denied by the window "never"; nothing opens within a year/,
      NOW + HOUR,
    ],
    [
      'only its own windows are closed, and never open',
      { windows: [{ ...AFTERNOON, schedule: 'nonsense' }] },
      /can't be read.*nothing opens/,
      undefined,
    ],
  ])('waits while %s', (_, asked, clause, wakeAtMs) => {
    const judgement = judge(asked);
    expect(judgement).toMatchObject({ state: 'waiting', clause: expect.stringMatching(clause) });
    expect('wakeAtMs' in judgement ? judgement.wakeAtMs : undefined).toBe(wakeAtMs);
  });

  it.each<[string, Asked, RegExp]>([
    ['holds', { holds: [EVERYTHING], changeRecord: WAITING, windows: [AFTERNOON] }, /everything is held/],
    ['the change record', { changeRecord: WAITING, windows: [AFTERNOON], freezes: [FREEZE] }, /waits for/],
    ['own windows', { windows: [AFTERNOON], freezes: [FREEZE] }, /^promotions to prod/],
    ['freezes', { freezes: [FREEZE], syncWindows: CLOSED_FOR_EVER }, /^the project/],
  ])('tells of %s first', (_, asked, clause) => {
    expect(judge(asked)).toMatchObject({ clause: expect.stringMatching(clause) });
  });

  it('wakes when all calendars are open together, not when the first one is', () => {
    const morning: Window = { ...AFTERNOON, schedule: '0 9 * * *' };
    // the window is open at 14:00 while the other one is closed until 15:30; both are open at 09:00 next day
    const until = Date.parse('2026-11-25T15:30:00Z');
    const late: Window = {
      kind: 'deny',
      name: 'late',
      schedule: '0 12 25 11 *',
      durationMs: until - NOW,
      timeZone: 'UTC',
    };
    expect(judge({ windows: [AFTERNOON, morning, late] })).toMatchObject({
      wakeAtMs: Date.parse('2026-11-26T09:00:00Z'),
    });
  });

  it('asks about an old change record less often: a wait of weeks must not fill a history', () => {
    const askedAtMs = NOW - 90 * MINUTE;
    expect(judge({ changeRecord: { ...WAITING, askedAtMs } })).toMatchObject({ wakeAtMs: NOW + 9 * MINUTE });
    expect(judge({ changeRecord: { ...WAITING, askedAtMs: NOW - 90 * HOUR } })).toMatchObject({
      wakeAtMs: NOW + 15 * MINUTE,
    });
  });

  it.each<[string, Asked, RegExp]>([
    ['rejected', { changeRecord: { ...APPROVED, approval: 'rejected' } }, /was rejected/],
    ['closed', { changeRecord: { ...APPROVED, isOver: true } }, /somebody has closed/],
    ['not in the ledger', { changeRecord: 'none' }, /holds no change record/],
  ])('gives up on a change record that is %s', (_, asked, clause) => {
    expect(judge(asked)).toMatchObject({
      state: 'hopeless',
      clause: expect.stringMatching(clause),
      remedy: expect.stringMatching(/\w/),
    });
  });

  it.each<Exception>(['hotfix', 'break-glass', 'rollback'])('%s passes windows and freezes', (exception) => {
    const closed = { windows: [AFTERNOON], freezes: [FREEZE], syncWindows: CLOSED_FOR_EVER };
    expect(judge({ ...closed, exception })).toMatchObject({ state: 'ready' });
    expect(judge({ ...closed, exception, changeRecord: WAITING })).toMatchObject({
      state: 'waiting',
      clause: expect.stringContaining('CHG0030042'),
    });
    expect(judge({ ...closed, exception, holds: [EVERYTHING] })).toMatchObject({ state: 'waiting' });
  });

  it.each<[Exception | undefined, Hold, 'ready' | 'waiting']>([
    ['rollback', OWN, 'ready'],
    ['rollback', hold({ application: 'shop' }), 'waiting'],
    ['rollback', hold({ environment: 'prod' }), 'waiting'],
    ['hotfix', OWN, 'waiting'],
    ['break-glass', OWN, 'waiting'],
    [undefined, OWN, 'waiting'],
    [undefined, hold({ application: 'bank' }), 'ready'],
    [undefined, hold({ application: 'shop', environment: 'stg' }), 'ready'],
  ])('%s under the hold %j is %s', (exception, held, state) => {
    const asked = { holds: [held], ...(exception === undefined ? {} : { exception }) };
    expect(judge(asked)).toMatchObject({ state });
  });
});
