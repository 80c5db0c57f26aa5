/** Cron expressions of five fields, as Argo CD reads the schedules of sync windows (robfig/cron, ParseStandard). */

/** A schedule in a time zone. */
export interface CronSchedule {
  /** true when the schedule begins a window in the minute that holds this time (milliseconds since 1970) */
  matches(atMs: number): boolean;
}

const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;
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
 * @param timeZone IANA name; UTC when left out
 * @returns undefined for an expression or a time zone that is not understood
 */
export function cronSchedule(expression: string, timeZone = 'UTC'): CronSchedule | undefined {
  const text = DESCRIPTORS[expression.trim()] ?? expression;
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const sets = fields.map((field, index) => fieldOf(field, index));
  const [minutes, hours, days, months, weekdays] = sets;
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  const clock = clockOf(timeZone);
  if (clock === undefined) return undefined;
  const [anyDay, anyWeekday] = [isAny(fields[2]), isAny(fields[4])];
  return {
    matches: (atMs) => {
      const at = clock(atMs);
      if (!minutes.has(at.minute) || !hours.has(at.hour) || !months.has(at.month)) return false;
      const [day, weekday] = [days.has(at.day), weekdays.has(at.weekday)];
      // two restrictions of the day are alternatives
      return anyDay || anyWeekday ? day && weekday : day || weekday;
    },
  };
}

function isAny(field: string | undefined): boolean {
  return field?.startsWith('*') === true || field?.startsWith('?') === true;
}

function fieldOf(field: string, index: number): ReadonlySet<number> | undefined {
  const [min, max] = RANGES[index] ?? [0, 0];
  const set = new Set<number>();
  for (const part of field.toLowerCase().split(',')) {
    const [, from = '', to, stepText] = /^(\*|\?|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const all = from === '*' || from === '?';
    const first = all ? min : numberOf(from, index);
    const step = stepText === undefined ? 1 : Number(stepText);
    // `5/10` goes from 5 to the end
    const last = all || (to === undefined && stepText !== undefined) ? max : numberOf(to ?? from, index);
    if (first === undefined || last === undefined || first < min || last > max || first > last || step < 1) {
      return undefined;
    }
    for (let value = first; value <= last; value += step) set.add(value);
  }
  return set;
}

function numberOf(text: string, index: number): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const names = index === 3 ? MONTHS : index === 4 ? DAYS : [];
  const found = names.indexOf(text);
  return found < 0 ? undefined : found + (index === 3 ? 1 : 0);
}

interface ClockTime {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
}

function clockOf(timeZone: string): ((atMs: number) => ClockTime) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      weekday: 'short',
    });
  } catch {
    return undefined;
  }
  return (atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    return {
      minute: number('minute'),
      hour: number('hour'),
      day: number('day'),
      month: number('month'),
      weekday: DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase()),
    };
  };
}
