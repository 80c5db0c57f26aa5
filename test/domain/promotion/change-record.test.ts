import { describe, expect, it } from 'vitest';
import type { RequestOutcome } from '../../../src/domain/ledger.js';
import { changeRecordText } from '../../../src/domain/promotion/change-record.js';
import { changeRecordEnd, changeRecordNote } from '../../../src/domain/promotion/change-record-end.js';
import type { RequestRecord } from '../../../src/domain/record.js';
import {
  delivered,
  gateOpened,
  gatePassed,
  merged,
  placeEnded,
  planned,
  promotionRecord,
  reverted,
  rollbackAsked,
  rollbackBegun,
  started,
} from '../promotion-record.js';

type Lines = Parameters<typeof promotionRecord>[2];

const LINK = 'https://gatehouse.example.com/r/req-1';
const BEGIN = '2026-11-25T08:00:00Z';
const at = (minute: number): string => `2026-11-25T09:${String(minute).padStart(2, '0')}:00Z`;
const APPROVED: Lines = [
  ['2026-11-25T08:01:00Z', planned],
  ['2026-11-25T08:01:00Z', gateOpened('owner')],
  ['2026-11-25T09:00:00Z', gatePassed('owner', 'p-ben', 'p-chi')],
  ['2026-11-25T09:00:00Z', started],
];

function record(...lines: Lines): RequestRecord {
  return promotionRecord({ requestId: 'req-1', places: ['eu', 'us'] }, BEGIN, lines);
}

const refused: Lines[number] = [
  at(0),
  ({ entry }) => [entry('gate.closed', { gate: 'owner', epoch: 1, result: 'rejected' })],
];
const expired: Lines[number] = [
  at(0),
  ({ entry }) => [entry('gate.closed', { gate: 'owner', epoch: 1, result: 'expired' })],
];
const cancelled: Lines[number] = [
  at(0),
  ({ entry }) => [
    entry('command.given', {
      commandId: 'c1',
      command: 'cancel',
      targets: [],
      by: { kind: 'person', id: 'p-ada' },
    }),
  ],
];

describe('changeRecordEnd', () => {
  it.each<[string, Lines, { kind: 'close'; outcome: string } | { kind: 'cancel' }, RegExp]>([
    [
      'all places run it',
      [...APPROVED, [at(1), merged()], [at(2), delivered()], [at(3), placeEnded('done')]],
      { kind: 'close', outcome: 'successful' },
      /^2 of 2 places/,
    ],
    [
      'a place was skipped',
      [
        ...APPROVED,
        [at(1), merged('eu')],
        [at(3), placeEnded('done', 'eu')],
        [at(4), placeEnded('skipped', 'us')],
      ],
      { kind: 'close', outcome: 'successful_issues' },
      /1 of 2.*skipped: 1/,
    ],
    [
      'it was rolled back',
      [...APPROVED, [at(1), merged()], [at(3), rollbackBegun], [at(4), reverted]],
      { kind: 'close', outcome: 'unsuccessful' },
      /rolled back: 2 of 2/,
    ],
    [
      'a rollback is not proven everywhere',
      [...APPROVED, [at(1), merged()], [at(3), rollbackAsked]],
      { kind: 'close', outcome: 'unsuccessful' },
      /rolled back: 0 of 2/,
    ],
    [
      'it ran everywhere and was rolled back later',
      [
        ...APPROVED,
        [at(1), merged()],
        [at(2), placeEnded('done')],
        [at(3), rollbackAsked],
        [at(4), reverted],
      ],
      { kind: 'close', outcome: 'unsuccessful' },
      /rolled back/,
    ],
    [
      'it was cancelled half way',
      [...APPROVED, [at(1), merged('eu')], [at(2), placeEnded('done', 'eu')], cancelled],
      { kind: 'close', outcome: 'unsuccessful' },
      /half way: merged in 1 of 2 places, proven in 1/,
    ],
    ['a gate was rejected', [[at(0), planned], refused], { kind: 'cancel' }, /gate owner was rejected/],
    ['nobody decided', [[at(0), planned], expired], { kind: 'cancel' }, /not decided in time/],
    ['it was cancelled before the first merge', [...APPROVED, cancelled], { kind: 'cancel' }, /cancelled/],
    [
      'a rollback had nothing to take back',
      [...APPROVED, [at(3), rollbackAsked]],
      { kind: 'cancel' },
      /nothing/,
    ],
    [
      'all places were skipped',
      [...APPROVED, [at(3), placeEnded('skipped')]],
      { kind: 'cancel' },
      /before the first merge/,
    ],
    [
      'it was tried again after a failure',
      [...APPROVED, [at(1), merged()], [at(2), placeEnded('failed')], [at(3), placeEnded('done')]],
      { kind: 'close', outcome: 'successful' },
      /2 of 2/,
    ],
  ])('%s', (_, lines, expected, why) => {
    expect(changeRecordEnd(record(...lines))).toMatchObject({ ...expected, why: expect.stringMatching(why) });
  });
});

describe('changeRecordNote', () => {
  const done = record(
    ...APPROVED,
    [
      at(1),
      ({ entry, keys }) =>
        keys.map((key) =>
          entry('effect.completed', {
            key: `${key}:merge`,
            epoch: 1,
            system: 'gitlab',
            outcome: 'changed',
            readBack: { commit: 'c'.repeat(40) },
          }),
        ),
    ],
    [at(2), delivered('eu')],
    [at(3), placeEnded('done')],
  );

  it('tells times, approvals and the chain from commit to cluster', () => {
    const note = changeRecordNote(done, LINK, Date.parse(at(10)));
    expect(note).toContain('Approved by 2 different persons');
    expect(note).toMatch(/Waited 59 min, worked 11 min/);
    expect(note).toContain(`commit ${'c'.repeat(40)}`);
    expect(note).toMatch(/shop\/prod\/eu: .*main proven at 2026-11-25T09:02:00/);
    expect(note).toMatch(/shop\/prod\/us: .*main not proven/);
    expect(note).toContain(LINK);
  });

  it('says the same in every attempt, and names nobody', () => {
    const until = Date.parse(at(10));
    expect(changeRecordNote(done, LINK, until)).toBe(changeRecordNote(done, LINK, until));
    expect(changeRecordNote(done, LINK, until)).not.toMatch(/p-ben|p-chi|p-ada/);
  });

  it.each<[RequestOutcome, Lines]>([
    ['rejected', [[at(0), planned], refused]],
    ['cancelled', [...APPROVED, cancelled]],
  ])('needs nothing that a request which was %s does not have', (_, lines) => {
    expect(changeRecordNote(record(...lines), LINK, Date.parse(at(5)))).toMatch(
      /^Outcome: nothing was changed/,
    );
  });
});

describe('changeRecordText', () => {
  it('tells what, where and who has to agree, and names no person', () => {
    const one = record([at(0), planned]);
    if (one.request.kind !== 'Promotion') throw new Error('not a promotion');
    const { title, description, type } = changeRecordText(one, one.request, LINK);
    expect(title).toMatch(/^Promote shop to prod: /);
    expect(title).not.toContain('\n');
    expect(description).toContain('- owner: 1 of group owners');
    expect(description).toMatch(/- eu: /);
    expect(description).toContain(LINK);
    expect(type).toBe('normal');
  });

  it.each([
    ['hotfix', 'emergency'],
    ['break-glass', 'emergency'],
    ['rollback', 'normal'],
  ] as const)('%s is %s', (exception, expected) => {
    const one = promotionRecord({ requestId: 'req-1', exception }, BEGIN, [[at(0), planned]]);
    if (one.request.kind !== 'Promotion') throw new Error('not a promotion');
    const text = changeRecordText(one, one.request, LINK);
    expect(text.type).toBe(expected);
    expect(text.description).toContain(`Exception: ${exception}`);
  });
});
