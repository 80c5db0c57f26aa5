/** Windows in which a change may reach an environment: those of its path, sync windows of a project, GitLab's freezes. */
import { type CronDialect, type CronSchedule, cronSchedule } from '../cron.js';

/**
 * Written in a path's file: a cron expression of five fields in a time zone (IANA name) and how long the window lasts.
 * Deny beats allow; with any allow window, outside of all is denied (the rule of Argo CD's AppProject, taken for all).
 */
export interface Window {
  readonly kind: 'allow' | 'deny';
  readonly name: string;
  readonly schedule: string;
  readonly durationMs: number;
  readonly timeZone: string;
}

/** A freeze period of a GitLab project: from a beginning to the next end (source: GitLab, Ci::FreezePeriod). */
export interface FreezePeriod {
  readonly name: string;
  /** cron expressions of five fields */
  readonly freezeStart: string;
  readonly freezeEnd: string;
  readonly timeZone: string;
}

/** Whether a change may be made now. Times in milliseconds since 1970. */
export interface WindowJudgement {
  readonly state: 'open' | 'closed';
  /** one line for people */
  readonly because: string;
  /** when it turns: opens if it is closed, closes if it is open; unset: not within a year */
  readonly nextAtMs?: number;
}

export type WindowJudge = (atMs: number) => WindowJudgement;

/** Nobody waits for longer: what opens later is told as "not within a year". */
const HORIZON_MS = 366 * 24 * 3_600_000;
/** Turns looked at before giving up: a year of hours. Windows that follow each other more densely are one without end. */
const MAX_TURNS = 10_000;

/**
 * Judges windows at a moment. A window lasts from its beginning, included, to its end, not included.
 * @param dialect how schedules are read: `robfig` for those of Argo CD
 * @returns closed for a window that can't be read: a freeze must not be lost by a slip of the pen
 */
export function judgeWindows(
  windows: readonly Window[],
  atMs: number,
  dialect: CronDialect = 'vixie',
): WindowJudgement {
  const timed = windows.map((window) => timedOf(window, dialect));
  const broken = windows.find((_, index) => timed[index] === undefined);
  if (broken !== undefined) {
    return {
      state: 'closed',
      because: `window "${broken.name}" can't be read: "${broken.schedule}" in ${broken.timeZone}`,
    };
  }
  const readable = timed.filter((window) => window !== undefined);
  return judge(
    readable.filter(({ kind }) => kind === 'deny'),
    readable.filter(({ kind }) => kind === 'allow'),
    atMs,
  );
}

/**
 * Judges freeze periods at a moment: frozen when one has begun and not ended.
 * @returns closed for a period that can't be read
 */
export function judgeFreeze(periods: readonly FreezePeriod[], atMs: number): WindowJudgement {
  const freezes: Timed[] = [];
  for (const { name, freezeStart, freezeEnd, timeZone } of periods) {
    const starts = cronSchedule(freezeStart, timeZone);
    const ends = cronSchedule(freezeEnd, timeZone);
    if (starts === undefined || ends === undefined) {
      return {
        state: 'closed',
        because: `freeze period "${name}" can't be read: "${freezeStart}" to "${freezeEnd}" in ${timeZone}`,
      };
    }
    freezes.push(freezeOf(name, starts, ends));
  }
  return judge(freezes, [], atMs);
}

/**
 * Several judges at once: open when all say so; `nextAtMs` of a closed one is when all will say so together.
 * @param judges each for windows of its own, e.g. of the path and of the project
 */
export function judgeTogether(judges: readonly WindowJudge[], atMs: number): WindowJudgement {
  const now = judges.map((judgeAt) => judgeAt(atMs));
  const closed = now.filter(({ state }) => state === 'closed');
  if (closed.length === 0) {
    const ends = now.flatMap(({ nextAtMs }) => nextAtMs ?? []);
    return {
      state: 'open',
      because: [...new Set(now.map(({ because }) => because))].join('; ') || NO_WINDOW,
      ...(ends.length === 0 ? {} : { nextAtMs: Math.min(...ends) }),
    };
  }
  const because = closed.map((judgement) => judgement.because).join('; ');
  const opensAt = whenAllOpen(judges, atMs);
  return { state: 'closed', because, ...(opensAt === undefined ? {} : { nextAtMs: opensAt }) };
}

const NO_WINDOW = 'no window is in the way';

function whenAllOpen(judges: readonly WindowJudge[], fromMs: number): number | undefined {
  let atMs = fromMs;
  for (let turns = 0; turns < MAX_TURNS && atMs <= fromMs + HORIZON_MS; turns += 1) {
    const closed = judges.map((judgeAt) => judgeAt(atMs)).filter(({ state }) => state === 'closed');
    if (closed.length === 0) return atMs;
    const opens = closed.map(({ nextAtMs }) => nextAtMs ?? Number.POSITIVE_INFINITY);
    atMs = Math.max(...opens);
  }
  return undefined;
}

/** Something that is on at times. */
interface Timed {
  readonly name: string;
  readonly kind: Window['kind'];
  /** end of the stretch that is on at a moment, as far as it is followed; undefined when it is off */
  onUntil(atMs: number): number | undefined;
  /** when it comes on next, after a moment at which it is off */
  nextOn(afterMs: number, untilMs: number): number | undefined;
}

function judge(denying: readonly Timed[], allowing: readonly Timed[], atMs: number): WindowJudgement {
  const denied = denying.filter((window) => window.onUntil(atMs) !== undefined);
  const allowed = allowing.filter((window) => window.onUntil(atMs) !== undefined);
  const isOutside = allowing.length > 0 && allowed.length === 0;
  if (denied.length === 0 && !isOutside) {
    const endMs = closesAt(denying, allowing, atMs);
    return {
      state: 'open',
      because: allowed.length === 0 ? NO_WINDOW : `inside of ${namesOf(allowed)}`,
      ...(endMs === undefined ? {} : { nextAtMs: endMs }),
    };
  }
  const opens = opensAt(denying, allowing, atMs);
  return {
    state: 'closed',
    because: denied.length > 0 ? `denied by ${namesOf(denied)}` : `outside of ${namesOf(allowing)}`,
    ...(opens === undefined ? {} : { nextAtMs: opens }),
  };
}

function namesOf(windows: readonly Timed[]): string {
  const names = windows.map(({ name }) => `"${name}"`).join(', ');
  return windows.length === 1 ? `the window ${names}` : `the windows ${names}`;
}

/** Goes from one necessary turn to the next: no moment between them can be open. */
function opensAt(denying: readonly Timed[], allowing: readonly Timed[], fromMs: number): number | undefined {
  const untilMs = fromMs + HORIZON_MS;
  let atMs = fromMs;
  for (let turns = 0; turns < MAX_TURNS && atMs <= untilMs; turns += 1) {
    const moment = atMs;
    const deniedUntil = denying.flatMap((window) => window.onUntil(moment) ?? []);
    if (deniedUntil.length > 0) {
      atMs = Math.max(...deniedUntil);
      continue;
    }
    if (allowing.length === 0 || allowing.some((window) => window.onUntil(moment) !== undefined)) return atMs;
    const next = allowing.flatMap((window) => window.nextOn(moment, untilMs) ?? []);
    if (next.length === 0) return undefined;
    atMs = Math.min(...next);
  }
  return undefined;
}

function closesAt(denying: readonly Timed[], allowing: readonly Timed[], fromMs: number): number | undefined {
  const untilMs = fromMs + HORIZON_MS;
  const denies = denying.flatMap((window) => window.nextOn(fromMs, untilMs) ?? []);
  const denyMs = denies.length === 0 ? undefined : Math.min(...denies);
  if (allowing.length === 0) return denyMs;
  const endMs = endOf(allowing, fromMs, untilMs);
  const closes = [denyMs, endMs].filter((closeMs) => closeMs !== undefined);
  return closes.length === 0 ? undefined : Math.min(...closes);
}

/** End of windows that overlap or touch each other; undefined when they go on beyond the horizon. */
function endOf(windows: readonly Timed[], fromMs: number, untilMs: number): number | undefined {
  let endMs = fromMs;
  for (let turns = 0; turns < MAX_TURNS && endMs <= untilMs; turns += 1) {
    const moment = endMs;
    const ends = windows.flatMap((window) => window.onUntil(moment) ?? []);
    if (ends.length === 0) return endMs;
    endMs = Math.max(...ends);
  }
  return undefined;
}

function timedOf(window: Window, dialect: CronDialect): Timed | undefined {
  const { name, kind, durationMs } = window;
  const schedule = cronSchedule(window.schedule, window.timeZone, dialect);
  if (schedule === undefined) return undefined;
  return {
    name,
    kind,
    onUntil: (atMs) => {
      // a window that has just ended at this moment is over
      const begunMs = schedule.previous(atMs, atMs - durationMs + 1);
      return begunMs === undefined ? undefined : begunMs + durationMs;
    },
    nextOn: (afterMs, untilMs) => (durationMs > 0 ? schedule.next(afterMs, untilMs) : undefined),
  };
}

function freezeOf(name: string, starts: CronSchedule, ends: CronSchedule): Timed {
  return {
    name,
    kind: 'deny',
    onUntil: (atMs) => {
      const begunMs = starts.previous(atMs, atMs - HORIZON_MS);
      if (begunMs === undefined) return undefined;
      const endMs = ends.next(begunMs, begunMs + HORIZON_MS);
      if (endMs === undefined) return atMs + HORIZON_MS;
      return endMs > atMs ? endMs : undefined;
    },
    nextOn: (afterMs, untilMs) => starts.next(afterMs, untilMs),
  };
}
