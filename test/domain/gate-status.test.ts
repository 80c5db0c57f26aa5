import { describe, expect, it } from 'vitest';
import type { RequestOutcome } from '../../src/domain/ledger.js';
import { gateStatuses } from '../../src/domain/status/gate-status.js';
import { gateOpened, gatePassed, planned, promotionRecord } from './promotion-record.js';

const NOON = '2026-11-25T12:00:00Z';

function statesAfter(outcome?: RequestOutcome): readonly (readonly [string, string])[] {
  const record = promotionRecord({ requestId: 'r-gates' }, NOON, [
    [NOON, planned],
    [NOON, gateOpened('owner')],
    [NOON, gatePassed('owner', 'p-olga')],
    [NOON, gateOpened('cab')],
    ...(outcome === undefined
      ? []
      : [
          [NOON, ({ entry }) => [entry('request.ended', { outcome, message: 'over' })]] satisfies Parameters<
            typeof promotionRecord
          >[2][number],
        ]),
  ]);
  const votes = [
    {
      gate: 'owner',
      epoch: 1,
      decision: 'approve',
      personId: 'p-olga',
      evidence: {},
      atMs: Date.parse(NOON),
    },
  ] as const;
  return gateStatuses(record, votes).map(({ gate, state }) => [gate, state]);
}

describe('the gates of a request', () => {
  it('are open while they wait for people', () => {
    expect(statesAfter()).toEqual([
      ['owner', 'passed'],
      ['cab', 'open'],
    ]);
  });

  it.each(['cancelled', 'revoked', 'rejected'] as const)(
    'that nobody decided on are not open after it was %s',
    (outcome) => {
      expect(statesAfter(outcome)).toEqual([
        ['owner', 'passed'],
        ['cab', 'not-decided'],
      ]);
    },
  );
});
