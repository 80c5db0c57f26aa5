import { describe, expect, it } from 'vitest';
import { type Attempt, attemptsWaiting, QUIET_MS } from '../../../src/domain/status/attempts.js';

const NOW = Date.parse('2026-12-01T12:00:00.000Z');
const tell = (...attempts: Attempt[]) => attemptsWaiting({ state: 'running', attempts }, NOW - 90_000, NOW);

describe('attempts of a run', () => {
  it('that were just begun or are heard of are not told', () => {
    expect(
      tell(
        { what: 'planFleet', number: 1, state: 'working', sinceMs: NOW - 1_000 },
        { what: 'waitForSync', number: 1, state: 'working', sinceMs: NOW - 600_000, heardMs: NOW - 8_000 },
        { what: 'workflow', number: 1, state: 'untaken', sinceMs: NOW - QUIET_MS + 1 },
      ),
    ).toEqual([]);
  });

  it('that nobody has taken are told', () => {
    expect(tell({ what: 'workflow', number: 1, state: 'untaken', sinceMs: NOW - QUIET_MS })).toMatchObject([
      { condition: 'workflow: no worker has taken attempt 1', sinceMs: QUIET_MS, who: 'an operator' },
    ]);
  });

  it('that come again are told with the time of the next try', () => {
    expect(
      tell(
        {
          what: 'ensureValues',
          target: 'a/prod',
          number: 2,
          state: 'pausing',
          sinceMs: NOW - 3_000,
          nextMs: NOW + 5_000,
        },
        {
          what: 'ensureValues',
          target: 'b/prod',
          number: 3,
          state: 'pausing',
          sinceMs: NOW - 9_000,
          nextMs: NOW + 1_000,
        },
      ),
    ).toMatchObject([
      {
        condition: 'ensureValues of b/prod: attempt 2 failed or was lost, and 1 more',
        next: 'attempt 3 begins at 2026-12-01T12:00:01.000Z',
      },
    ]);
  });

  it('that say nothing are told with the time at which they count as lost', () => {
    expect(
      tell({
        what: 'ensureOrganisation',
        number: 1,
        state: 'working',
        sinceMs: NOW - 20_000,
        nextMs: NOW + 40_000,
      }),
    ).toMatchObject([
      {
        condition: 'ensureOrganisation: attempt 1 runs for 20 s',
        next: 'it ends, or it counts as lost at 2026-12-01T12:00:40.000Z and is made again',
      },
    ]);
  });

  it('after the first are told while they run', () => {
    expect(
      tell({ what: 'planFleet', number: 2, state: 'working', sinceMs: NOW - 2_000, heardMs: NOW - 1_000 }),
    ).toMatchObject([
      {
        condition:
          'planFleet: attempt 2 runs for 2 s, last heard of 1 s ago, those before failed or were lost',
      },
    ]);
  });
});

describe('a run that cannot be seen', () => {
  it('is told when its start is late, or Temporal does not answer', () => {
    expect(attemptsWaiting({ state: 'absent' }, NOW - 1_000, NOW)).toEqual([]);
    expect(attemptsWaiting({ state: 'absent' }, NOW - QUIET_MS, NOW)).toHaveLength(1);
    expect(attemptsWaiting({ state: 'unknown' }, NOW, NOW)).toHaveLength(1);
  });
});
