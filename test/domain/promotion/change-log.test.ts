import { describe, expect, it } from 'vitest';
import {
  type ChangeLogRow,
  changeLog,
  changeLogCsv,
  changeLogJson,
} from '../../../src/domain/promotion/change-log.js';
import {
  delivered,
  ended,
  gateOpened,
  gatePassed,
  merged,
  planned,
  promotionRecord,
  started,
} from '../promotion-record.js';

const NOW = Date.parse('2027-05-04T00:00:00Z');
const done = promotionRecord({ requestId: 'req-b', exception: 'hotfix' }, '2027-05-03T08:00Z', [
  ['2027-05-03T08:01Z', planned],
  ['2027-05-03T08:01Z', gateOpened('owner')],
  ['2027-05-03T10:00Z', gatePassed('owner', 'ben', 'chi', 'BEN')],
  ['2027-05-03T10:00Z', started],
  ['2027-05-03T10:05Z', merged()],
  ['2027-05-03T10:20Z', delivered()],
  ['2027-05-03T11:00Z', ended('done')],
]);
const open = promotionRecord({ requestId: 'req-a', application: 'bank' }, '2027-05-03T20:00Z', []);

describe('the change log', () => {
  it('has a row for each promotion, the oldest first', () => {
    expect(changeLog([open, done], NOW)).toEqual([
      {
        at: '2027-05-03T11:00:00.000Z',
        application: 'shop',
        environment: 'prod',
        release: 'web@sha256:9f31c2e49f31, chart shop 1.4.2',
        exception: 'hotfix',
        outcome: 'done',
        requestId: 'req-b',
        // one of them decided twice
        approvers: 2,
        waitedMs: 119 * 60_000,
        workedMs: 61 * 60_000,
      },
      {
        at: '2027-05-03T20:00:00.000Z',
        application: 'bank',
        environment: 'prod',
        release: '',
        exception: '',
        outcome: 'planning',
        requestId: 'req-a',
        approvers: 0,
        waitedMs: 0,
        workedMs: 4 * 3_600_000,
      },
    ]);
  });

  it('names nobody', () => {
    expect(changeLogJson(changeLog([done], NOW))).not.toMatch(/ben|chi|ada/i);
  });

  it('is written as CSV with a header, and read by any spreadsheet', () => {
    expect(changeLogCsv(changeLog([done], NOW))).toBe(
      [
        'at,application,environment,release,exception,outcome,requestId,approvers,waitedMs,workedMs',
        '"2027-05-03T11:00:00.000Z","shop","prod","web@sha256:9f31c2e49f31, chart shop 1.4.2","hotfix","done","req-b",2,7140000,3660000',
        '',
      ].join('\r\n'),
    );
    expect(changeLogCsv([])).toMatch(/^at,.*\r\n$/);
  });

  const row: ChangeLogRow = {
    at: '2027-05-03T11:00:00.000Z',
    application: 'shop',
    environment: 'prod',
    release: '',
    exception: '',
    outcome: 'done',
    requestId: 'req-b',
    approvers: 2,
    waitedMs: 0,
    workedMs: 0,
  };

  it.each([
    '=HYPERLINK("https://evil.example.com";"click")',
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    '\t=1+1',
    '\r=1+1',
    '\n=1+1',
    ' =1+1',
    '\uFF1D1+1',
    '"=1+1',
  ])('has no cell that a spreadsheet takes for a formula: %j', (release) => {
    const cell = changeLogCsv([{ ...row, release }]).split('\r\n"2027')[1] ?? '';
    const text = cell.split(',"prod",')[1] ?? '';
    // quoted, every quote of its own doubled, and no formula as the first thing
    expect(text.startsWith(`"${release.startsWith('"') ? '""' : "'"}`)).toBe(true);
    expect(text).toContain(`${release.replaceAll('"', '""')}",`);
  });

  it('cannot break out of its cell or its line', () => {
    const csv = changeLogCsv([{ ...row, release: 'a","b"\r\n"c' }]);
    expect(csv).toContain('"a"",""b""\r\n""c"');
  });

  it('cannot break out of a page as JSON, and is still the same', () => {
    const rows = [{ ...row, release: '</script><script>alert(1)</script>&\u2028' }];
    const json = changeLogJson(rows);
    expect(json).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(json)).toEqual(rows);
  });
});
