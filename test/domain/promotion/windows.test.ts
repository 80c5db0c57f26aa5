import { describe, expect, it } from 'vitest';
import {
  type FreezePeriod,
  judgeFreeze,
  judgeTogether,
  judgeWindows,
  type Window,
  type WindowJudgement,
} from '../../../src/domain/promotion/windows.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;

function window(
  kind: Window['kind'],
  schedule: string,
  hours: number,
  timeZone = 'UTC',
  name: string = kind,
): Window {
  return { kind, name, schedule, durationMs: hours * HOUR, timeZone };
}
const allow = (schedule: string, hours: number, timeZone?: string, name?: string) =>
  window('allow', schedule, hours, timeZone, name);
const deny = (schedule: string, hours: number, timeZone?: string, name?: string) =>
  window('deny', schedule, hours, timeZone, name);

function shown({ state, nextAtMs }: WindowJudgement): string {
  return `${state} ${nextAtMs === undefined ? '-' : new Date(nextAtMs).toISOString().slice(0, 16)}`;
}

/** a Monday */
const NOON = '2027-03-01T12:00:00Z';

describe('windows', () => {
  it.each<[string, readonly Window[], string, string]>([
    ['none', [], NOON, 'open -'],
    ['a freeze', [deny('0 11 * * *', 2)], NOON, 'closed 2027-03-01T13:00'],
    ['a freeze in its first minute', [deny('0 12 * * *', 2)], NOON, 'closed 2027-03-01T14:00'],
    ['a freeze at its end', [deny('0 10 * * *', 2)], NOON, 'open 2027-03-02T10:00'],
    [
      'a millisecond before its end',
      [deny('0 10 * * *', 2)],
      '2027-03-01T11:59:59.999Z',
      'closed 2027-03-01T12:00',
    ],
    ['a freeze to come', [deny('0 15 * * fri', 60)], NOON, 'open 2027-03-05T15:00'],
    ['office hours, inside', [allow('0 9 * * mon-fri', 8)], NOON, 'open 2027-03-01T17:00'],
    ['office hours, before', [allow('0 13 * * mon-fri', 4)], NOON, 'closed 2027-03-01T13:00'],
    [
      'office hours, on Saturday',
      [allow('0 9 * * mon-fri', 8)],
      '2027-03-06T12:00:00Z',
      'closed 2027-03-08T09:00',
    ],
    [
      'two allow windows, one open',
      [allow('0 13 * * *', 1), allow('0 12 * * *', 1)],
      NOON,
      'open 2027-03-01T14:00',
    ],
    [
      'two allow windows that overlap',
      [allow('0 11 * * *', 2), allow('30 12 * * *', 3)],
      NOON,
      'open 2027-03-01T15:30',
    ],
    ['deny beats allow', [allow('0 9 * * *', 8), deny('0 12 * * *', 1)], NOON, 'closed 2027-03-01T13:00'],
    [
      'an allow window that ends in a freeze',
      [allow('0 9 * * *', 8), deny('0 12 * * *', 6)],
      NOON,
      'closed 2027-03-02T09:00',
    ],
    [
      'a freeze that ends before the window',
      [allow('0 15 * * *', 1), deny('0 12 * * *', 1)],
      NOON,
      'closed 2027-03-01T15:00',
    ],
    [
      'a freeze over the opening of the window',
      [allow('0 15 * * *', 2), deny('0 12 * * *', 4)],
      NOON,
      'closed 2027-03-01T16:00',
    ],
    [
      'freezes that follow each other',
      [deny('0 11 * * *', 2), deny('0 13 * * *', 2)],
      NOON,
      'closed 2027-03-01T15:00',
    ],
    ['a freeze that begins again before it ends', [deny('0 */2 1 3 *', 3)], NOON, 'closed 2027-03-02T01:00'],
    ['a freeze without end', [deny('* * * * *', 1)], NOON, 'closed -'],
    ['an allow window without end', [allow('0 * * * *', 1)], NOON, 'open -'],
    ['a window once a year', [allow('0 9 24 12 *', 1)], NOON, 'closed 2027-12-24T09:00'],
    ['a window in more than a year', [allow('0 0 29 2 *', 1)], '2028-03-01T00:00:00Z', 'closed -'],
    [
      'an allow window that is never open: all of it is frozen',
      [allow('0 9 * * *', 1), deny('0 8 * * *', 3)],
      NOON,
      'closed -',
    ],
    ['a window without length', [allow('0 12 * * *', 0)], NOON, 'closed -'],
    [
      'a freeze over midnight, year and month',
      [deny('0 0 18 12 *', 24 * 20)],
      '2028-01-05T00:00:00Z',
      'closed 2028-01-07T00:00',
    ],
    ['its own time zone', [allow('0 9 * * *', 8, 'America/New_York')], NOON, 'closed 2027-03-01T14:00'],
    ['half an hour of a time zone', [allow('0 9 * * *', 8, 'Asia/Kolkata')], NOON, 'closed 2027-03-02T03:30'],
    [
      'windows of several time zones',
      [allow('0 9 * * *', 8, 'Europe/Berlin'), deny('0 7 * * *', 1, 'America/New_York')],
      NOON,
      'closed 2027-03-01T13:00',
    ],
  ])('%s', (_, windows, at, expected) => {
    expect(shown(judgeWindows(windows, Date.parse(at)))).toBe(expected);
  });

  it('say which one it is', () => {
    const atMs = Date.parse(NOON);
    const because = (...windows: readonly Window[]): string => judgeWindows(windows, atMs).because;
    expect(because()).toBe('no window is in the way');
    expect(because(deny('0 20 * * *', 1))).toBe('no window is in the way');
    expect(because(deny('0 12 * * *', 1, 'UTC', 'lunch'))).toBe('denied by the window "lunch"');
    expect(because(allow('0 12 * * *', 1, 'UTC', 'noon'))).toBe('inside of the window "noon"');
    expect(because(allow('0 13 * * *', 1, 'UTC', 'one'), allow('0 14 * * *', 1, 'UTC', 'two'))).toBe(
      'outside of the windows "one", "two"',
    );
  });

  it('that cannot be read are closed: a slip must not lift a freeze', () => {
    for (const broken of [deny('noon', 1), allow('0 12 * * *', 1, 'Mars/Olympus')]) {
      expect(judgeWindows([broken], Date.parse(NOON))).toEqual({
        state: 'closed',
        because: expect.stringContaining("can't be read"),
      });
    }
  });
});

describe('windows while the clocks change', () => {
  it.each<[string, readonly Window[], string, string]>([
    // Berlin leaps from 02:00 to 03:00 at 01:00Z on 28 March
    [
      'a freeze whose beginning is leapt over begins after the leap',
      [deny('30 2 * * *', 4, 'Europe/Berlin')],
      '2027-03-28T01:00:00Z',
      'closed 2027-03-28T05:00',
    ],
    [
      'and not before it',
      [deny('30 2 * * *', 4, 'Europe/Berlin')],
      '2027-03-28T00:59:00Z',
      'open 2027-03-28T01:00',
    ],
    [
      'a night is an hour shorter, a window is as long as ever',
      [allow('0 22 * * *', 8, 'Europe/Berlin')],
      '2027-03-27T22:00:00Z',
      'open 2027-03-28T05:00',
    ],
    // Berlin goes back from 03:00 to 02:00 at 01:00Z on 31 October
    [
      'an hour that comes twice is frozen twice',
      [deny('0 2 * * *', 1, 'Europe/Berlin')],
      '2027-10-31T00:10:00Z',
      'closed 2027-10-31T02:00',
    ],
    [
      'until it is over for the second time',
      [deny('0 2 * * *', 1, 'Europe/Berlin')],
      '2027-10-31T02:00:00Z',
      'open 2027-11-01T01:00',
    ],
    // New York goes back from 02:00 to 01:00 at 06:00Z on 7 November
    [
      'the next opening is by the clock of the day',
      [allow('0 9 * * mon', 8, 'America/New_York')],
      '2027-11-05T00:00:00Z',
      'closed 2027-11-08T14:00',
    ],
    [
      'as it was by that of the summer',
      [allow('0 9 * * mon', 8, 'America/New_York')],
      '2027-10-29T00:00:00Z',
      'closed 2027-11-01T13:00',
    ],
    [
      'no change in Kolkata',
      [allow('0 9 * * *', 1, 'Asia/Kolkata')],
      '2027-03-28T04:30:00Z',
      'closed 2027-03-29T03:30',
    ],
  ])('%s', (_, windows, at, expected) => {
    expect(shown(judgeWindows(windows, Date.parse(at)))).toBe(expected);
  });

  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];
  const days = ['2027-03-13', '2027-03-27', '2027-10-30', '2027-11-06', '2027-06-14'];

  it.each(zones)('turn in %s exactly when they say so, minute by minute', (timeZone) => {
    const sets: readonly (readonly Window[])[] = [
      [deny('30 1-3 * * *', 0.5, timeZone)],
      [allow('15 0-5/2 * * *', 1.5, timeZone)],
      [allow('0 0-6 * * *', 1, timeZone), deny('45 2 * * *', 1, timeZone)],
    ];
    for (const windows of sets) {
      for (const day of days) {
        let turnsAt: number | undefined;
        let state: WindowJudgement['state'] | undefined;
        const fromMs = Date.parse(`${day}T20:00:00Z`);
        for (let atMs = fromMs; atMs < fromMs + 16 * HOUR; atMs += 5 * MINUTE) {
          const now = judgeWindows(windows, atMs);
          // what was foretold is what comes, no sooner and no later
          if (state !== undefined && turnsAt !== undefined) {
            expect(now.state === state, new Date(atMs).toISOString()).toBe(atMs < turnsAt);
          }
          [state, turnsAt] = [now.state, now.nextAtMs];
        }
      }
    }
  });

  it.each(zones)('follow the clock on the wall in %s', (timeZone) => {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      hour: '2-digit',
      minute: '2-digit',
    });
    // from every minute to the next: on whenever the clock shows one of these hours
    const windows = [allow('* 1,2,3 * * *', 1 / 60, timeZone)];
    for (const day of days) {
      const fromMs = Date.parse(`${day}T20:00:00Z`);
      for (let atMs = fromMs; atMs < fromMs + 16 * HOUR; atMs += 20 * MINUTE) {
        const isOn = /^0[123]:/.test(clock.format(atMs));
        expect(judgeWindows(windows, atMs).state, new Date(atMs).toISOString()).toBe(
          isOn ? 'open' : 'closed',
        );
      }
    }
  });
});

describe("GitLab's freeze periods", () => {
  const weekend: FreezePeriod = {
    name: 'weekend',
    freezeStart: '0 16 * * 5',
    freezeEnd: '0 7 * * 1',
    timeZone: 'Europe/Berlin',
  };
  const christmas: FreezePeriod = {
    name: 'christmas',
    freezeStart: '0 0 18 12 *',
    freezeEnd: '0 0 7 1 *',
    timeZone: 'UTC',
  };

  it.each<[string, readonly FreezePeriod[], string, string]>([
    ['none', [], NOON, 'open -'],
    ['on a Monday', [weekend], NOON, 'open 2027-03-05T15:00'],
    ['at its beginning', [weekend], '2027-03-05T15:00:00Z', 'closed 2027-03-08T06:00'],
    ['before its beginning', [weekend], '2027-03-05T14:59:00Z', 'open 2027-03-05T15:00'],
    ['at its end', [weekend], '2027-03-08T06:00:00Z', 'open 2027-03-12T15:00'],
    ['over the change to summer time', [weekend], '2027-03-27T12:00:00Z', 'closed 2027-03-29T05:00'],
    ['over the year', [christmas], '2028-01-01T00:00:00Z', 'closed 2028-01-07T00:00'],
    [
      'one after the other',
      [weekend, { ...christmas, freezeEnd: '0 0 8 1 *' }],
      '2027-12-18T00:00:00Z',
      'closed 2028-01-10T06:00',
    ],
    [
      'that begins every hour until it ends',
      [{ ...weekend, freezeStart: '0 16-23 * * 5' }],
      '2027-03-06T12:00:00Z',
      'closed 2027-03-08T06:00',
    ],
    ['that never ends', [{ ...weekend, freezeEnd: '0 0 30 2 *' }], '2027-03-06T12:00:00Z', 'closed -'],
    ['that never begins', [{ ...weekend, freezeStart: '0 0 30 2 *' }], '2027-03-06T12:00:00Z', 'open -'],
    [
      'with 7 for Sunday',
      [{ ...weekend, freezeStart: '0 0 * * 7' }],
      '2027-03-07T12:00:00Z',
      'closed 2027-03-08T06:00',
    ],
    [
      'in a time zone that only GitLab knows',
      [{ ...weekend, timeZone: 'Eastern Time (US & Canada)' }],
      NOON,
      'closed -',
    ],
  ])('%s', (_, periods, at, expected) => {
    expect(shown(judgeFreeze(periods, Date.parse(at)))).toBe(expected);
  });
});

describe('windows of several sources', () => {
  const office = (atMs: number) => judgeWindows([allow('0 9 * * mon-fri', 8, 'UTC', 'office')], atMs);
  const lunch = (atMs: number) => judgeWindows([deny('0 12 * * *', 1, 'UTC', 'lunch')], atMs);
  const late = (atMs: number) => judgeWindows([allow('0 16 * * *', 8, 'UTC', 'late')], atMs);
  const freeze = (atMs: number) =>
    judgeFreeze(
      [{ name: 'stop', freezeStart: '0 0 * * 1', freezeEnd: '30 16 * * 1', timeZone: 'UTC' }],
      atMs,
    );

  it('are open when all are, and until the first one closes', () => {
    const judgement = judgeTogether([office, lunch], Date.parse('2027-03-02T10:00:00Z'));
    expect(shown(judgement)).toBe('open 2027-03-02T12:00');
    expect(judgeTogether([], Date.parse(NOON))).toEqual({
      state: 'open',
      because: 'no window is in the way',
    });
  });

  it('open when all are open together, which may be later than each of them', () => {
    const judgement = judgeTogether([office, lunch, late, freeze], Date.parse(NOON));
    expect(shown(judgement)).toBe('closed 2027-03-01T16:30');
    expect(judgement.because).toBe(
      'denied by the window "lunch"; outside of the window "late"; denied by the window "stop"',
    );
    // Saturday is late enough, but no day of the office
    expect(shown(judgeTogether([office, late], Date.parse('2027-03-06T17:00:00Z')))).toBe(
      'closed 2027-03-08T16:00',
    );
  });

  it('never open when they never meet', () => {
    const night = (atMs: number) => judgeWindows([allow('0 20 * * *', 2)], atMs);
    expect(shown(judgeTogether([office, night], Date.parse(NOON)))).toBe('closed -');
  });
});
