import { describe, expect, it } from 'vitest';
import {
  disprovedPlaces,
  whyNotClosed,
  whyNotSoaked,
  whyNotTakenBack,
  whyNotWithdrawn,
} from '../../../src/domain/promotion/effect-conditions.js';
import type { EnvironmentRules } from '../../../src/domain/promotion/path.js';
import { PROMOTION_CHECK } from '../../../src/domain/promotion/request.js';
import type { RequestRecord } from '../../../src/domain/record.js';
import {
  delivered,
  ended,
  failedCheck,
  gateOpened,
  gatePassed,
  merged,
  passedCheck,
  placeEnded,
  planned,
  promotionRecord,
  rollbackAsked,
  started,
} from '../promotion-record.js';

type Lines = Parameters<typeof promotionRecord>[2];
type What = Lines[number][1];

const { delivered: delivery, verified, soaked } = PROMOTION_CHECK;
const MAIN = delivery('main');
const PLACE = 'shop/prod/only';
const minute = (count: number): string => `2026-11-25T09:${String(count).padStart(2, '0')}:00Z`;

/** One thing a minute, from nine o'clock. */
function record(rules: Partial<EnvironmentRules>, ...whats: readonly What[]): RequestRecord {
  const lines = whats.map((what, index): Lines[number] => [minute(index), what]);
  return promotionRecord({ requestId: 'req-1', rules, changes: true }, '2026-11-25T08:00:00Z', lines);
}

const APPROVED = [planned, gateOpened('owner'), gatePassed('owner', 'p-ben'), started] as const;
const MERGED = [...APPROVED, merged()] as const;
const rejected: What = ({ entry }) => [entry('gate.closed', { gate: 'owner', epoch: 1, result: 'rejected' })];
const revoked: What = ({ entry }) => [entry('request.revoked', { by: { kind: 'person', id: 'p-olga' } })];
const cancelled: What = ({ entry }) => [
  entry('command.given', {
    commandId: 'c1',
    command: 'cancel',
    targets: [],
    by: { kind: 'person', id: 'p-olga' },
  }),
];
const BY_POLICY = { onFailure: 'rollback' } as const;
const BY_PERSON = { onFailure: 'hold' } as const;

describe('taking back', () => {
  it.each<[string, RequestRecord, RegExp | undefined]>([
    ['a person asked', record(BY_PERSON, ...MERGED, rollbackAsked), undefined],
    ['nobody asked', record(BY_PERSON, ...MERGED, failedCheck(MAIN)), /nobody has asked/],
    ['the delivery failed', record(BY_POLICY, ...MERGED, failedCheck(MAIN)), undefined],
    [
      'a check failed after the delivery',
      record(BY_POLICY, ...MERGED, delivered(), failedCheck(verified)),
      undefined,
    ],
    [
      'it did not last',
      record(BY_POLICY, ...MERGED, delivered(), passedCheck(soaked), failedCheck(soaked)),
      undefined,
    ],
    ['nothing failed', record(BY_POLICY, ...MERGED, delivered()), /nothing was seen to fail/],
    [
      'a failure has passed since',
      record(BY_POLICY, ...MERGED, failedCheck(MAIN), delivered()),
      /nothing was seen/,
    ],
    [
      'a check failed before the delivery was there',
      record(BY_POLICY, ...MERGED, failedCheck(verified)),
      /nothing/,
    ],
    [
      'a failure is older than the merge',
      record(BY_POLICY, ...APPROVED, failedCheck(MAIN), merged()),
      /nothing/,
    ],
    ['nothing is merged', record(BY_POLICY, ...APPROVED, failedCheck(MAIN)), /nothing was seen to fail/],
  ])('%s', (_, state, why) => {
    if (why === undefined) expect(whyNotTakenBack(state)).toBeUndefined();
    else expect(whyNotTakenBack(state)).toMatch(why);
  });

  it('names the places that failed', () => {
    expect(disprovedPlaces(record(BY_POLICY, ...MERGED, failedCheck(MAIN)))).toEqual([PLACE]);
  });
});

describe('closing merge requests and the change record', () => {
  const open = 'the promotion is still open';
  it.each<[string, RequestRecord, string | undefined, string | undefined]>([
    ['at its gates', record({}, planned, gateOpened('owner')), open, open],
    ['agreed on', record({}, ...APPROVED), open, open],
    ['merged', record({}, ...MERGED), open, open],
    ['done', record({}, ...MERGED, delivered(), placeEnded('done')), open, undefined],
    ['rejected', record({}, planned, gateOpened('owner'), rejected), undefined, undefined],
    ['cancelled', record({}, planned, gateOpened('owner'), cancelled), undefined, undefined],
    ['revoked', record({}, planned, gateOpened('owner'), revoked), undefined, undefined],
    ['ended', record({}, planned, gateOpened('owner'), ended('expired')), undefined, undefined],
  ])('%s', (_, state, mergeRequest, changeRecord) => {
    expect([whyNotWithdrawn(state), whyNotClosed(state)]).toEqual([mergeRequest, changeRecord]);
  });
});

describe('soaking', () => {
  const checks = [
    { name: 'ready', kind: 'http', url: 'https://shop.example.com', expectStatus: 200, timeoutMs: 1 },
  ] as const;
  const at = (count: number): number => Date.parse(minute(count));
  it.each<[string, RequestRecord, number, RegExp | undefined]>([
    ['not delivered', record({}, ...MERGED), at(30), /not proven/],
    ['not checked', record({ checks }, ...MERGED, delivered()), at(30), /not proven/],
    ['too early', record({ soakMs: 600_000 }, ...MERGED, delivered()), at(14), /not soaked/],
    ['long enough', record({ soakMs: 600_000 }, ...MERGED, delivered()), at(15), undefined],
    ['no soak wanted', record({ checks }, ...MERGED, delivered(), passedCheck(verified)), at(6), undefined],
  ])('%s', (_, state, nowMs, why) => {
    if (why === undefined) expect(whyNotSoaked(state, PLACE, nowMs)).toBeUndefined();
    else expect(whyNotSoaked(state, PLACE, nowMs)).toMatch(why);
  });
});
