/**
 * Cron expressions of five fields in a time zone. Two ways of reading them, which differ in what neither standard settles:
 * - `vixie` (our own files, GitLab): 7 is Sunday too; a time that summer time leaps over begins right after the leap, so
 *   that no freeze is missed
 * - `robfig` (Argo CD's sync windows, robfig/cron ParseStandard): 7 is refused; a time that is leapt over does not begin
 *
 * By hand, because libraries know one way of the two; croner is asked in the tests.
 *
 * A time that winter time repeats begins both times: a window covers the hour as the clock on the wall shows it.
 */

export type CronDialect = 'vixie' | 'robfig';

/** A schedule in a time zone. All times are milliseconds since 1970; a schedule begins at whole minutes. */
export interface CronSchedule {
  /** first time after `afterMs`, at most `untilMs`; undefined when there is none */
  next(afterMs: number, untilMs: number): number | undefined;
  /** last time at or before `atMs`, not before `sinceMs`; undefined when there is none */
  previous(atMs: number, sinceMs: number): number | undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Days kept by a schedule that was asked about them: a look over a year and its end. */
const MAX_KEPT_DAYS = 400;

const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;
const WEEKDAY = 4;
const MONTH = 3;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * @param expression five fields or a descriptor such as `@daily`
 * @param timeZone IANA name
 * @returns undefined for an expression or a time zone that is not understood
 */
export function cronSchedule(
  expression: string,
  timeZone: string,
  dialect: CronDialect = 'vixie',
): CronSchedule | undefined {
  const fields = fieldsOf(expression, dialect);
  const offsetAt = offsetsOf(timeZone);
  if (fields === undefined || offsetAt === undefined) return undefined;
  const known = new Map<number, readonly number[]>();
  const beginsOn = (day: number): readonly number[] => {
    const found = known.get(day) ?? beginsOfDay(fields, offsetAt, day, dialect);
    if (known.size >= MAX_KEPT_DAYS) known.clear();
    known.set(day, found);
    return found;
  };
  return {
    next: (afterMs, untilMs) => {
      for (let day = dayOf(afterMs); day <= dayOf(untilMs); day += 1) {
        const found = beginsOn(day).find((atMs) => atMs > afterMs);
        if (found !== undefined) return found <= untilMs ? found : undefined;
      }
      return undefined;
    },
    previous: (atMs, sinceMs) => {
      for (let day = dayOf(atMs); day >= dayOf(sinceMs); day -= 1) {
        const found = beginsOn(day).findLast((beginMs) => beginMs <= atMs);
        if (found !== undefined) return found >= sinceMs ? found : undefined;
      }
      return undefined;
    },
  };
}

/** Whether an expression is one of five fields, or a descriptor. */
export function isCron(expression: string): boolean {
  return fieldsOf(expression, 'vixie') !== undefined;
}

/** Whether a time zone is known by its IANA name. Offsets such as `+01:00` are not: they know no summer time. */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && offsetsOf(name) !== undefined;
}

/** Whether an expression names a day that no year has, such as 30 February. */
export function neverBegins(expression: string): boolean {
  // the rarest day, 29 February, is in it
  const from = Date.UTC(2024, 0, 1);
  return cronSchedule(expression, 'UTC')?.next(from - 1, from + 366 * DAY_MS) === undefined;
}

interface CronFields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly isDay: (local: Date) => boolean;
}

function fieldsOf(expression: string, dialect: CronDialect): CronFields | undefined {
  const text = DESCRIPTORS[expression.trim()] ?? expression;
  const fields = text.trim().split(/\s+/);
  if (fields.length !== RANGES.length) return undefined;
  const [minutes, hours, days, months, weekdays] = fields.map((field, index) =>
    fieldOf(field.toLowerCase(), index, dialect),
  );
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  const isEither = !isAny(fields[2] ?? '', dialect) && !isAny(fields[WEEKDAY] ?? '', dialect);
  return {
    minutes: ascending(minutes),
    hours: ascending(hours),
    isDay: (local) => {
      if (!months.has(local.getUTCMonth() + 1)) return false;
      const [day, weekday] = [days.has(local.getUTCDate()), weekdays.has(local.getUTCDay())];
      // two restrictions of the day are alternatives
      return isEither ? day || weekday : day && weekday;
    },
  };
}

/** Whether a field leaves the day open: any beginning with a star does, but for robfig not one that steps. */
function isAny(field: string, dialect: CronDialect): boolean {
  if (dialect === 'vixie') return /^[*?]/.test(field);
  return field.split(',').some((part) => /^[*?][^/]*(?:\/0*1)?$/.test(part));
}

function ascending(values: ReadonlySet<number>): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

function fieldOf(field: string, index: number, dialect: CronDialect): ReadonlySet<number> | undefined {
  const [min, most] = RANGES[index] ?? [0, 0];
  const hasTwoSundays = index === WEEKDAY && dialect === 'vixie';
  const max = hasTwoSundays ? 7 : most;
  const set = new Set<number>();
  for (const part of field.split(',')) {
    const [, from = '', to, stepText] = /^(\*|\?|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const all = from === '*' || from === '?';
    if (all && to !== undefined && dialect === 'vixie') return undefined;
    const first = all ? min : numberOf(from, index);
    const step = stepText === undefined ? 1 : Number(stepText);
    // `5/10` goes from 5 to the end
    const last = all || (to === undefined && stepText !== undefined) ? most : numberOf(to ?? from, index);
    if (first === undefined || last === undefined || first < min || last > max || first > last || step < 1) {
      return undefined;
    }
    for (let value = first; value <= last; value += step) set.add(hasTwoSundays ? value % 7 : value);
  }
  return set;
}

function numberOf(text: string, index: number): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const names = index === MONTH ? MONTHS : index === WEEKDAY ? DAYS : [];
  const found = names.indexOf(text);
  return found < 0 ? undefined : found + (index === MONTH ? 1 : 0);
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

/** A stretch of time in which the zone's clock differs from UTC by one offset. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

/** Begins within one day of UTC, in order. */
function beginsOfDay(
  fields: CronFields,
  offsetAt: (atMs: number) => number,
  day: number,
  dialect: CronDialect,
): readonly number[] {
  const begins = new Set<number>();
  const stretches = stretchesOf(offsetAt, day * DAY_MS, (day + 1) * DAY_MS);
  for (const [index, { fromMs, toMs, offsetMs }] of stretches.entries()) {
    for (const wallMs of wallTimes(fields, fromMs + offsetMs, toMs + offsetMs)) begins.add(wallMs - offsetMs);
    // the clock at the end of the stretch before, and at the start of this one: between them lies what was leapt over
    const before = stretches[index - 1];
    const leapFrom = before === undefined ? fromMs + offsetAt(fromMs - 1) : fromMs + before.offsetMs;
    const isLeaptOver = wallTimes(fields, leapFrom, fromMs + offsetMs).length > 0;
    if (isLeaptOver && dialect === 'vixie') begins.add(fromMs);
  }
  return ascending(begins);
}

/** Times of the clock on the wall, as if it showed UTC, from one (included) to another (not). */
function wallTimes({ minutes, hours, isDay }: CronFields, fromMs: number, toMs: number): readonly number[] {
  const found: number[] = [];
  for (let day = dayOf(fromMs); day * DAY_MS < toMs; day += 1) {
    if (!isDay(new Date(day * DAY_MS))) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const atMs = day * DAY_MS + (hour * 60 + minute) * MINUTE_MS;
        if (atMs >= fromMs && atMs < toMs) found.push(atMs);
      }
    }
  }
  return found;
}

/** Clocks change at most once in a stretch of a day (source: IANA time zone database, for all zones since 1970). */
function stretchesOf(offsetAt: (atMs: number) => number, fromMs: number, toMs: number): readonly Stretch[] {
  const [first, last] = [offsetAt(fromMs), offsetAt(toMs - 1)];
  if (first === last) return [{ fromMs, toMs, offsetMs: first }];
  let [same, other] = [fromMs, toMs - 1];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(middle) === first) same = middle;
    else other = middle;
  }
  return [
    { fromMs, toMs: other, offsetMs: first },
    { fromMs: other, toMs, offsetMs: last },
  ];
}

/** What the clock of a zone shows, less UTC, in milliseconds; undefined for an unknown zone. */
function offsetsOf(timeZone: string): ((atMs: number) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  return (atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    const wallMs = Date.UTC(
      number('year'),
      number('month') - 1,
      number('day'),
      number('hour'),
      number('minute'),
      number('second'),
    );
    // the parts hold no milliseconds
    return wallMs - Math.floor(atMs / 1_000) * 1_000;
  };
}
