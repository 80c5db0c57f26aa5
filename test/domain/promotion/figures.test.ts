import { describe, expect, it } from 'vitest';
import { type Period, promotionFigures } from '../../../src/domain/promotion/figures.js';
import type { RequestRecord } from '../../../src/domain/record.js';
import {
  delivered,
  ended,
  gateOpened,
  gatePassed,
  merged,
  placeEnded,
  placeHeld,
  planned,
  promotionRecord,
  reverted,
  rollbackAsked,
  rollbackBegun,
  started,
} from '../promotion-record.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const MAY: Period = { fromMs: Date.parse('2027-05-01T00:00:00Z'), toMs: Date.parse('2027-05-31T00:00:00Z') };
const LATER = Date.parse('2027-06-30T00:00:00Z');

/** Accepted at 08:00, planned in a minute, agreed on at 10:00, merged at 10:05, delivered at 10:20, ended at 11:00. */
function good(
  requestId: string,
  day: string,
  more: Partial<Parameters<typeof promotionRecord>[0]> = {},
): RequestRecord {
  return promotionRecord({ requestId, ...more }, `${day}T08:00Z`, [
    [`${day}T08:01Z`, planned],
    [`${day}T08:01Z`, gateOpened('owner')],
    [`${day}T10:00Z`, gatePassed('owner', 'ben')],
    [`${day}T10:00Z`, started],
    [`${day}T10:05Z`, merged()],
    [`${day}T10:20Z`, delivered()],
    [`${day}T11:00Z`, placeEnded('done')],
    [`${day}T11:00Z`, ended('done')],
  ]);
}

function figures(records: readonly RequestRecord[], period = MAY, nowMs = LATER) {
  return promotionFigures(records, period, nowMs);
}

describe('the figures of promotions', () => {
  it('are none without promotions, and none of a quiet month', () => {
    expect(figures([])).toEqual([]);
    expect(figures([good('a', '2027-04-30')])).toEqual([]);
  });

  it('tell how often, and how long from acceptance to the proof that it runs, waiting apart from working', () => {
    expect(figures([good('a', '2027-05-03'), good('b', '2027-05-04'), good('c', '2027-05-05')])).toEqual([
      {
        application: 'shop',
        environment: 'prod',
        deployments: 3,
        deploymentsPerDay: 0.1,
        leadTime: {
          total: { count: 3, p50Ms: 140 * MINUTE, p90Ms: 140 * MINUTE },
          // the soak after the delivery is no part of it
          waiting: { count: 3, p50Ms: 119 * MINUTE, p90Ms: 119 * MINUTE },
          working: { count: 3, p50Ms: 21 * MINUTE, p90Ms: 21 * MINUTE },
        },
        changeFailures: 0,
        changeFailureRate: 0,
        unrestored: 0,
        waitingByGroup: [{ group: 'owners', count: 3, p50Ms: 119 * MINUTE, p90Ms: 119 * MINUTE }],
      },
    ]);
  });

  it('are those of each application and environment', () => {
    const found = figures([
      good('a', '2027-05-03'),
      good('b', '2027-05-03', { environment: 'dev' }),
      good('c', '2027-05-03', { application: 'bank' }),
    ]);
    expect(
      found.map(
        ({ application, environment, deployments }) => `${application}/${environment} ${deployments}`,
      ),
    ).toEqual(['bank/prod 1', 'shop/dev 1', 'shop/prod 1']);
  });

  it('take percentiles that somebody really waited', () => {
    const waited = (requestId: string, minutes: number): RequestRecord => {
      const at = (minute: number): string => new Date(MAY.fromMs + minute * MINUTE).toISOString();
      return promotionRecord({ requestId }, at(0), [
        [at(0), planned],
        [at(0), gateOpened('owner')],
        [at(minutes), gatePassed('owner', 'ben')],
      ]);
    };
    const records = [10, 1, 9, 2, 8, 3, 7, 4, 6, 5].map((minutes) => waited(`r${minutes}`, minutes));
    const [{ waitingByGroup = [], ...rest } = {}] = figures(records);
    expect(waitingByGroup).toEqual([{ group: 'owners', count: 10, p50Ms: 5 * MINUTE, p90Ms: 9 * MINUTE }]);
    // decided, but nothing was deployed
    expect(rest).toMatchObject({ deployments: 0, changeFailures: 0 });
    expect(rest).not.toHaveProperty('changeFailureRate');
    expect(rest).not.toHaveProperty('leadTime');
  });

  it('count what the owners and what others waited apart, open gates not at all', () => {
    const record = promotionRecord({ requestId: 'a' }, '2027-05-03T08:00Z', [
      ['2027-05-03T08:00Z', planned],
      ['2027-05-03T08:00Z', gateOpened('owner')],
      ['2027-05-03T08:00Z', gateOpened('cab')],
      ['2027-05-03T09:00Z', gatePassed('owner', 'ben')],
    ]);
    expect(figures([record])[0]?.waitingByGroup).toEqual([
      { group: 'owners', count: 1, p50Ms: HOUR, p90Ms: HOUR },
    ]);
  });
});

describe('failures', () => {
  const rolledBack = promotionRecord({ requestId: 'bad' }, '2027-05-10T08:00Z', [
    ['2027-05-10T08:01Z', planned],
    ['2027-05-10T08:05Z', started],
    ['2027-05-10T08:10Z', merged()],
    ['2027-05-10T08:30Z', placeEnded('failed')],
    ['2027-05-10T08:31Z', rollbackBegun],
    ['2027-05-10T08:50Z', reverted],
    ['2027-05-10T08:51Z', ended('rolled-back')],
  ]);

  it.each<[string, readonly RequestRecord[], number, number | undefined, number]>([
    ['a change that was rolled back, until the old version was proven', [rolledBack], 1, 20 * MINUTE, 0],
    [
      'a change that failed and stayed, until the next good one',
      [
        promotionRecord({ requestId: 'bad' }, '2027-05-10T08:00Z', [
          ['2027-05-10T08:05Z', started],
          ['2027-05-10T08:10Z', merged()],
          ['2027-05-10T09:00Z', placeEnded('failed')],
          ['2027-05-10T09:30Z', ended('failed')],
        ]),
        good('next', '2027-05-11'),
      ],
      1,
      25 * HOUR + 20 * MINUTE,
      0,
    ],
    [
      'a change that was delivered, found to be bad and taken back by hand',
      [
        promotionRecord({ requestId: 'bad' }, '2027-05-10T08:00Z', [
          ['2027-05-10T08:05Z', started],
          ['2027-05-10T08:10Z', merged()],
          ['2027-05-10T08:20Z', delivered()],
          ['2027-05-10T09:00Z', rollbackAsked],
          ['2027-05-10T09:15Z', reverted],
          ['2027-05-10T09:15Z', ended('rolled-back')],
        ]),
      ],
      1,
      15 * MINUTE,
      0,
    ],
    [
      'a change that a promotion of an older release took back',
      [
        good('bad', '2027-05-10'),
        promotionRecord({ requestId: 'back', exception: 'rollback' }, '2027-05-10T15:00Z', [
          ['2027-05-10T15:05Z', started],
          ['2027-05-10T15:10Z', merged()],
          ['2027-05-10T15:30Z', delivered()],
          ['2027-05-10T15:40Z', ended('done')],
        ]),
      ],
      1,
      30 * MINUTE,
      0,
    ],
    [
      'a change that nothing has restored yet',
      [
        promotionRecord({ requestId: 'bad' }, '2027-05-10T08:00Z', [
          ['2027-05-10T08:05Z', started],
          ['2027-05-10T08:10Z', merged()],
          ['2027-05-10T08:31Z', rollbackBegun],
        ]),
      ],
      1,
      undefined,
      1,
    ],
    [
      "a change that was taken back, from then on: the provider's trouble before is not the change's",
      [
        promotionRecord({ requestId: 'bad' }, '2027-05-10T08:00Z', [
          ['2027-05-10T08:05Z', started],
          ['2027-05-10T08:10Z', merged()],
          ['2027-05-10T08:20Z', placeHeld],
          ['2027-05-10T09:00Z', rollbackAsked],
          ['2027-05-10T09:10Z', reverted],
          ['2027-05-10T09:10Z', ended('rolled-back')],
        ]),
      ],
      1,
      10 * MINUTE,
      0,
    ],
    [
      'not one that a retry mended',
      [
        promotionRecord({ requestId: 'slow' }, '2027-05-10T08:00Z', [
          ['2027-05-10T08:05Z', started],
          ['2027-05-10T08:10Z', merged()],
          ['2027-05-10T08:20Z', placeEnded('failed')],
          ['2027-05-10T08:40Z', delivered()],
          ['2027-05-10T08:41Z', placeEnded('done')],
          ['2027-05-10T08:41Z', ended('done')],
        ]),
      ],
      0,
      undefined,
      0,
    ],
    [
      'not one that failed before it was merged',
      [
        good('fine', '2027-05-09'),
        promotionRecord({ requestId: 'refused' }, '2027-05-10T08:00Z', [
          ['2027-05-10T08:05Z', started],
          ['2027-05-10T08:20Z', placeEnded('failed')],
          ['2027-05-10T08:30Z', ended('failed')],
        ]),
      ],
      0,
      undefined,
      0,
    ],
  ])('are: %s', (_, records, failures, restoreMs, unrestored) => {
    const [found] = figures(records);
    expect(found).toMatchObject({ changeFailures: failures, unrestored });
    expect(found?.timeToRestore?.p50Ms).toBe(restoreMs);
  });

  it('are a share of what was deployed; a rollback is no deployment', () => {
    const back = promotionRecord({ requestId: 'back', exception: 'rollback' }, '2027-05-12T15:00Z', [
      ['2027-05-12T15:05Z', started],
      ['2027-05-12T15:10Z', merged()],
      ['2027-05-12T15:30Z', delivered()],
      ['2027-05-12T15:40Z', ended('done')],
    ]);
    const found = figures([
      back,
      good('c', '2027-05-12'),
      rolledBack,
      good('a', '2027-05-03'),
      good('d', '2027-05-20'),
    ]);
    expect(found[0]).toMatchObject({
      deployments: 4,
      changeFailures: 2,
      changeFailureRate: 0.5,
      unrestored: 0,
    });
    expect(found[0]?.timeToRestore).toEqual({ count: 2, p50Ms: 20 * MINUTE, p90Ms: 30 * MINUTE });
  });

  it('of the last days of a period are ended by what comes after it', () => {
    const bad = promotionRecord({ requestId: 'bad' }, '2027-05-30T08:00Z', [
      ['2027-05-30T08:05Z', started],
      ['2027-05-30T08:10Z', merged()],
      ['2027-05-30T09:00Z', placeEnded('failed')],
      ['2027-05-30T09:00Z', ended('failed')],
    ]);
    expect(figures([bad, good('next', '2027-06-02')])[0]).toMatchObject({ deployments: 1, unrestored: 0 });
    expect(figures([bad])[0]).toMatchObject({ deployments: 1, unrestored: 1 });
  });
});

describe('a delivery', () => {
  it('is that of the last place', () => {
    const record = promotionRecord({ requestId: 'a', places: ['north', 'south'] }, '2027-05-03T08:00Z', [
      ['2027-05-03T08:05Z', started],
      ['2027-05-03T08:10Z', merged('north')],
      ['2027-05-03T08:20Z', delivered('north')],
      ['2027-05-03T09:00Z', merged('south')],
      ['2027-05-03T10:00Z', delivered('south')],
      ['2027-05-03T10:00Z', ended('done')],
    ]);
    expect(figures([record])[0]?.leadTime?.total.p50Ms).toBe(2 * HOUR);
  });

  it('is not there while a place is missing, unless it was given up', () => {
    const half = [
      ['2027-05-03T08:05Z', started],
      ['2027-05-03T08:10Z', merged()],
      ['2027-05-03T08:20Z', delivered('north')],
    ] as const;
    const told = { requestId: 'a', places: ['north', 'south'] };
    expect(figures([promotionRecord(told, '2027-05-03T08:00Z', half)])).toEqual([]);
    const skipped = promotionRecord(told, '2027-05-03T08:00Z', [
      ...half,
      ['2027-05-03T09:00Z', placeEnded('skipped', 'south')],
      ['2027-05-03T09:00Z', ended('done')],
    ]);
    expect(figures([skipped])[0]).toMatchObject({
      deployments: 1,
      leadTime: { total: { p50Ms: 20 * MINUTE } },
    });
  });
});
