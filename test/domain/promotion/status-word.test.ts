import { describe, expect, it } from 'vitest';
import type { FailureReport } from '../../../src/domain/failure.js';
import { effectKey } from '../../../src/domain/plan.js';
import { PROMOTION_OBJECT } from '../../../src/domain/promotion/request.js';
import { deriveStatus } from '../../../src/domain/status/request-status.js';
import { gateOpened, gatePassed, merged, planned, promotionRecord, started } from '../promotion-record.js';

const NOON = '2026-11-25T12:00:00Z';
const PLACES = ['north', 'south'];

function statusAfter(scope: FailureReport['scope'], maxFailures: number) {
  const failure: FailureReport = {
    step: 'waitForDelivery',
    system: 'argocd',
    operation: 'wait for delivery',
    object: 'application argocd/shop',
    message: 'not reached in 60 s',
    remedy: 'retry or roll back',
    scope,
  };
  const record = promotionRecord(
    {
      requestId: 'r-waves',
      places: PLACES,
      rules: { rollout: { waves: [1], maxInFlight: 1, maxFailures } },
    },
    NOON,
    [
      [NOON, planned],
      [
        NOON,
        ({ entry, keys }) =>
          keys.map((key) =>
            entry('effect.completed', {
              key: effectKey(key, PROMOTION_OBJECT.mergeRequest),
              epoch: 1,
              system: 'gitlab',
              outcome: 'created',
              readBack: {},
            }),
          ),
      ],
      [NOON, gateOpened('owner')],
      [NOON, gatePassed('owner', 'ben')],
      [NOON, started],
      [NOON, merged('north')],
      [
        NOON,
        ({ entry, keys }) => [entry('target.ended', { target: keys[0] ?? '', outcome: 'failed', failure })],
      ],
    ],
  );
  return deriveStatus(record, [], Date.parse(NOON));
}

describe('a promotion whose first wave has failed', () => {
  it('asks for a person when a later wave does not start: what was proposed of it is not in work', () => {
    const status = statusAfter('target', 0);
    expect(status.targets.map(({ state }) => state)).toEqual(['failed', 'pending']);
    expect(status.status).toBe('attention');
    expect(status.waitingFor).toMatchObject([{ condition: expect.stringContaining('not reached in 60 s') }]);
  });

  it('goes on when that many failures are borne, and is paused by the trouble of a provider', () => {
    expect(statusAfter('target', 1).status).toBe('running');
    expect(statusAfter('provider', 0).status).toBe('paused');
  });
});
