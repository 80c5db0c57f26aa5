import { describe, expect, it } from 'vitest';
import type { AnyEntry, EntryBodies } from '../../../src/domain/ledger.js';
import {
  type CheckOutcome,
  failuresOf,
  isAccepted,
  judgeChecks,
} from '../../../src/domain/promotion/checks.js';
import { promotionRecord } from '../promotion-record.js';

function outcome(name: string, state: CheckOutcome['state']): CheckOutcome {
  return { name, kind: 'http', state, detail: `said ${state}` };
}

describe('judgeChecks', () => {
  const [good, bad, unclear] = [
    outcome('good', 'passed'),
    outcome('bad', 'failed'),
    outcome('unclear', 'inconclusive'),
  ];

  it.each<[string, readonly CheckOutcome[], boolean, string, RegExp]>([
    ['no check', [], false, 'passed', /^$/],
    ['all passed', [good], false, 'passed', /good: said passed/],
    ['one failed', [good, bad, unclear], false, 'failed', /^bad: said failed$/],
    ['one could not say', [good, unclear], false, 'inconclusive', /^unclear: said inconclusive$/],
    ['a person accepts that', [good, unclear], true, 'passed', /accepted by a person: unclear/],
    ['a person accepts what failed', [bad, unclear], true, 'failed', /^bad/],
  ])('%s', (_, outcomes, accepted, state, message) => {
    const verdict = judgeChecks(outcomes, accepted);
    expect(verdict).toMatchObject({ state, message: expect.stringMatching(message) });
    expect(verdict.accepted).toBe(accepted && state === 'passed');
  });

  it('needs nobody who accepts when all have passed', () => {
    expect(judgeChecks([good], true)).toMatchObject({ state: 'passed', accepted: false });
  });
});

const PLACE = 'shop/prod/eu';

function accept(targets: readonly string[]): EntryBodies['command.given'] {
  return { commandId: 'c1', command: 'accept', targets, by: { kind: 'person', id: 'ada' } };
}

type Happened = EntryBodies['command.given'] | EntryBodies['target.ended'];

/** What happened, in order: an end of the place, or a command. */
function recordWith(...bodies: readonly Happened[]): Parameters<typeof isAccepted>[0] {
  return promotionRecord(
    { requestId: 'req-1', places: ['eu'] },
    '2026-11-25T12:00:00Z',
    bodies.map((body) => [
      '2026-11-25T13:00:00Z',
      ({ entry }): readonly AnyEntry[] => [
        'command' in body ? entry('command.given', body) : entry('target.ended', body),
      ],
    ]),
  );
}

describe('isAccepted', () => {
  const failed = { target: PLACE, outcome: 'failed' } as const;

  it.each<[string, readonly Happened[], boolean]>([
    ['nobody said anything', [failed], false],
    ['a person accepted this place', [failed, accept([PLACE])], true],
    ['a person accepted all', [failed, accept([])], true],
    ['a person accepted another place', [failed, accept(['shop/prod/us'])], false],
    ['it was accepted before it failed', [accept([PLACE]), failed], false],
    ['it failed again since', [failed, accept([PLACE]), failed], false],
    ['another place failed since', [failed, accept([PLACE]), { ...failed, target: 'shop/prod/us' }], true],
    ['nothing has failed', [accept([PLACE])], false],
    ['it was a retry', [failed, { ...accept([PLACE]), command: 'retry' }], false],
  ])('%s', (_, bodies, expected) => {
    expect(isAccepted(recordWith(...bodies), PLACE)).toBe(expected);
  });

  it('counts failures of a place alone', () => {
    const record = recordWith(failed, { ...failed, target: 'shop/prod/us' }, failed);
    expect(failuresOf(record, PLACE)).toBe(2);
  });
});
