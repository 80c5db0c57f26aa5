import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { type CronDialect, cronSchedule, isCron, isTimeZone, neverBegins } from '../../src/domain/cron.js';

/** a Monday */
const NOON = '2027-03-01T12:00:00Z';
const YEAR_MS = 366 * 86_400_000;

function begins(expression: string, at: string, dialect: CronDialect = 'vixie', timeZone = 'UTC'): boolean {
  const atMs = Date.parse(at);
  const minuteMs = Math.floor(atMs / 60_000) * 60_000;
  return cronSchedule(expression, timeZone, dialect)?.previous(atMs, minuteMs) !== undefined;
}

function nextOf(expression: string, after: string, timeZone: string, dialect: CronDialect = 'vixie'): string {
  const afterMs = Date.parse(after);
  const next = cronSchedule(expression, timeZone, dialect)?.next(afterMs, afterMs + YEAR_MS);
  return next === undefined ? 'never' : new Date(next).toISOString();
}

describe('a cron expression', () => {
  it.each<[string, string, boolean]>([
    ['* * * * *', NOON, true],
    ['0 12 1 3 *', NOON, true],
    ['0 12 * mar mon', NOON, true],
    ['0 12 * * 1-5', NOON, true],
    ['0 12 * * MON-fri', NOON, true],
    ['0 12 * * sat,sun', NOON, false],
    ['*/15 8-18/2 * * *', NOON, true],
    ['5/10 * * * *', '2027-03-01T12:25:30Z', true],
    ['5/10 * * * *', '2027-03-01T12:20:00Z', false],
    // two restrictions of the day are alternatives
    ['0 12 13 * mon', NOON, true],
    ['0 12 1 * tue', NOON, true],
    ['0 12 2 * tue', NOON, false],
    ['0 12 2 * *', NOON, false],
    ['@daily', '2027-03-01T00:00:10Z', true],
    ['@hourly', '2027-03-01T05:01:00Z', false],
  ])('%s begins at %s: %s', (expression, at, expected) => {
    expect(begins(expression, at, 'vixie')).toBe(expected);
    expect(begins(expression, at, 'robfig')).toBe(expected);
  });

  it.each<[string, string, boolean, boolean]>([
    // 7 is Sunday, but not for robfig
    ['0 12 * * 7', '2027-03-07T12:00:00Z', true, false],
    ['0 12 * * 5-7', '2027-03-07T12:00:00Z', true, false],
    // a star that steps leaves the day open for vixie only
    ['0 12 */2 * tue', '2027-03-02T12:00:00Z', false, true],
    ['0 12 */2 * tue', NOON, false, true],
  ])('%s begins at %s: vixie says %s, robfig %s', (expression, at, vixie, robfig) => {
    expect([begins(expression, at, 'vixie'), begins(expression, at, 'robfig')]).toEqual([vixie, robfig]);
  });

  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
    '* * * * * *',
    '*-5 * * * *',
    'mon * * * *',
  ])('is not %j', (expression) => {
    expect(isCron(expression)).toBe(false);
    expect(cronSchedule(expression, 'UTC')).toBeUndefined();
  });

  it('names a day that some year has', () => {
    expect(['0 0 30 2 *', '0 0 31 4,6,9,11 *'].map(neverBegins)).toEqual([true, true]);
    expect(['0 0 29 2 *', '0 0 31 * *', '0 0 30 2 mon'].map(neverBegins)).toEqual([false, false, false]);
  });

  it('stands in a time zone by its name', () => {
    expect(['Europe/Berlin', 'UTC', 'Asia/Kolkata'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['Mars/Olympus', '+01:00', '', 'Berlin'].map(isTimeZone)).toEqual([false, false, false, false]);
  });
});

describe('clocks that change', () => {
  it.each<[string, string, string, string, string, string]>([
    ['winter', '0 12 * * *', 'Europe/Berlin', '2027-01-15T00:00:00Z', '2027-01-15T11:00', '2027-01-15T11:00'],
    ['summer', '0 12 * * *', 'Europe/Berlin', '2027-07-15T00:00:00Z', '2027-07-15T10:00', '2027-07-15T10:00'],
    [
      'half hours',
      '0 9 * * *',
      'Asia/Kolkata',
      '2027-07-15T00:00:00Z',
      '2027-07-15T03:30',
      '2027-07-15T03:30',
    ],
    [
      'no change',
      '30 2 * * *',
      'Asia/Kolkata',
      '2027-03-27T21:00:01Z',
      '2027-03-28T21:00',
      '2027-03-28T21:00',
    ],
    // 02:00 becomes 03:00 on 28 March
    [
      'a leap, over it',
      '30 2 * * *',
      'Europe/Berlin',
      '2027-03-27T22:00:00Z',
      '2027-03-28T01:00',
      '2027-03-29T00:30',
    ],
    [
      'a leap, at it',
      '0 3 * * *',
      'Europe/Berlin',
      '2027-03-27T22:00:00Z',
      '2027-03-28T01:00',
      '2027-03-28T01:00',
    ],
    [
      'a leap, before it',
      '59 1 * * *',
      'Europe/Berlin',
      '2027-03-27T22:00:00Z',
      '2027-03-28T00:59',
      '2027-03-28T00:59',
    ],
    // 02:00 becomes 03:00 on 14 March
    [
      'a leap',
      '30 2 * * *',
      'America/New_York',
      '2027-03-14T06:00:00Z',
      '2027-03-14T07:00',
      '2027-03-15T06:30',
    ],
    // 03:00 becomes 02:00 on 31 October
    [
      'a repeat, first',
      '30 2 * * *',
      'Europe/Berlin',
      '2027-10-30T22:00:00Z',
      '2027-10-31T00:30',
      '2027-10-31T00:30',
    ],
    [
      'a repeat, again',
      '30 2 * * *',
      'Europe/Berlin',
      '2027-10-31T00:30:00Z',
      '2027-10-31T01:30',
      '2027-10-31T01:30',
    ],
    [
      'a repeat',
      '30 1 * * *',
      'America/New_York',
      '2027-11-07T05:30:00Z',
      '2027-11-07T06:30',
      '2027-11-07T06:30',
    ],
    // a leap in the very minute in which a day of UTC begins
    [
      'a leap at midnight',
      '30 0 * * *',
      'Asia/Beirut',
      '2027-03-27T12:00:00Z',
      '2027-03-27T22:00',
      '2027-03-28T21:30',
    ],
    // 2 April 2028 in Lord Howe: the clock goes back by half an hour
    [
      'half an hour',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2028-04-01T14:45:00Z',
      '2028-04-01T15:15',
      '2028-04-01T15:15',
    ],
  ])('%s: %s in %s after %s', (_, expression, timeZone, after, vixie, robfig) => {
    expect(nextOf(expression, after, timeZone, 'vixie')).toBe(`${vixie}:00.000Z`);
    expect(nextOf(expression, after, timeZone, 'robfig')).toBe(`${robfig}:00.000Z`);
  });

  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])(
    'show in %s, at each beginning, the minutes and hours that the expression names',
    (timeZone) => {
      const clock = new Intl.DateTimeFormat('en-GB', {
        timeZone,
        hourCycle: 'h23',
        hour: '2-digit',
        minute: '2-digit',
      });
      const schedule = cronSchedule('*/20 0-4 * * *', timeZone, 'robfig');
      let atMs = Date.parse('2027-01-01T00:00:00Z');
      const untilMs = atMs + YEAR_MS;
      let count = 0;
      for (;;) {
        const next = schedule?.next(atMs, untilMs);
        if (next === undefined) break;
        expect(clock.format(next)).toMatch(/^0[0-4]:[024]0$/);
        // nothing lies between: backwards from the next one the last one is found again
        if (count > 0) expect(schedule?.previous(next - 1, 0)).toBe(atMs);
        atMs = next;
        count += 1;
      }
      // three an hour, five hours a day; what spring takes away, autumn gives back
      expect(count).toBeGreaterThan(364 * 15);
      expect(count).toBeLessThan(368 * 15);
    },
  );

  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])(
    'are found in %s by going through every minute of the days on which they change',
    (timeZone) => {
      for (const day of ['2027-03-14', '2027-03-28', '2027-10-31', '2027-11-07', '2027-06-15']) {
        const fromMs = Date.parse(`${day}T00:00:00Z`);
        const clock = new Intl.DateTimeFormat('en-GB', {
          timeZone,
          hourCycle: 'h23',
          hour: '2-digit',
          minute: '2-digit',
        });
        const minutes = Array.from({ length: 1_440 }, (_, minute) => fromMs + minute * 60_000);
        const expected = minutes.filter((atMs) => /^0[1-3]:(?:15|45)$/.test(clock.format(atMs)));
        const schedule = cronSchedule('15,45 1-3 * * *', timeZone, 'robfig');
        const found: number[] = [];
        let atMs = fromMs - 1;
        for (;;) {
          const next = schedule?.next(atMs, fromMs + 1_439 * 60_000);
          if (next === undefined) break;
          found.push(next);
          atMs = next;
        }
        expect(found).toEqual(expected);
      }
    },
  );
});

/** A small generator with a seed (source: mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

describe('against croner, which reads the same expressions', () => {
  const random = randomFrom(7);
  const field = (from: number, to: number, star = true): string => {
    const some = (): number => from + random(to - from + 1);
    const [low, high] = [some(), some()].sort((a, b) => a - b);
    const forms = [`${some()}`, `${low}-${high}`, `${some()},${some()}`, `${low}-${high}/${1 + random(5)}`];
    if (star) forms.push('*', '*', `*/${1 + random(Math.min(20, to - from))}`);
    return forms[random(forms.length)] ?? '*';
  };
  // where both days are restricted they are alternatives; a star with a step is read differently there (see above)
  const days = (): readonly [string, string] =>
    random(2) === 0 ? [field(1, 31), '*'] : [random(2) === 0 ? '*' : field(1, 28, false), field(0, 6, false)];
  const cases = Array.from({ length: 300 }, () => {
    const [day, weekday] = days();
    const expression = `${field(0, 59)} ${field(0, 23)} ${day} ${field(1, 12)} ${weekday}`;
    return [expression, Date.UTC(2027, random(12), 1 + random(28), random(24), random(60))] as const;
  });

  it.each(['UTC', 'Asia/Kolkata', 'America/Sao_Paulo'])('begins at the same times in %s', (timeZone) => {
    for (const [expression, from] of cases) {
      const theirs = new Cron(expression, { timezone: timeZone, paused: true, mode: '5-part' });
      const ours = cronSchedule(expression, timeZone);
      let at = from;
      for (let count = 0; count < 4; count += 1) {
        const expected = theirs.nextRun(new Date(at))?.getTime();
        if (expected === undefined || expected > from + YEAR_MS) break;
        expect([expression, ours?.next(at, from + YEAR_MS)]).toEqual([expression, expected]);
        expect([expression, ours?.previous(expected, expected - YEAR_MS)]).toEqual([expression, expected]);
        at = expected;
      }
    }
  });
});
