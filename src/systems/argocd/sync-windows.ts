/**
 * Whether the sync windows of an AppProject hold an automatic sync back (reference: promotion, section 3.1; Argo CD 3.5,
 * pkg/apis/application/v1alpha1/types.go). Deny beats allow; with any window that allows, outside of it is denied. Pure.
 */
import type { SyncWindow } from './app-project.js';
import type { Application } from './application.js';
import { cronSchedule } from './cron.js';

const MINUTE_MS = 60_000;
/** How far ahead an end is looked for: minute by minute, so it is bounded. Nobody waits for longer than this. */
const FURTHEST_MS = 8 * 24 * 60 * MINUTE_MS;

/**
 * @param now ISO 8601
 * @returns null when nothing holds it back; the ISO 8601 time at which it may go on; undefined when that is more than eight
 *   days away. A window that cannot be read holds nothing back, as Argo CD itself skips it.
 */
export function blockedUntil(
  windows: readonly SyncWindow[],
  application: Application,
  now: string,
): string | null | undefined {
  const readable = windows.filter((window) => matchesApplication(window, application)).flatMap(readableOf);
  const nowMs = Date.parse(now);
  if (!isBlocked(readable, nowMs)) return null;
  // windows begin and end at whole minutes
  const firstMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  for (const atMs of turningPoints(readable, firstMs)) {
    if (!isBlocked(readable, atMs)) return new Date(atMs).toISOString();
  }
  return undefined;
}

interface ReadableWindow {
  readonly denies: boolean;
  readonly durationMs: number;
  readonly begins: (atMs: number) => boolean;
}

function readableOf({ kind, schedule, duration, timeZone }: SyncWindow): readonly ReadableWindow[] {
  const cron = cronSchedule(schedule ?? '', timeZone === undefined || timeZone === '' ? 'UTC' : timeZone);
  const durationMs = goDurationMs(duration ?? '');
  if (cron === undefined || durationMs === undefined) return [];
  const known = new Map<number, boolean>();
  const begins = (atMs: number): boolean => {
    const seen = known.get(atMs) ?? cron.matches(atMs);
    known.set(atMs, seen);
    return seen;
  };
  return [{ denies: kind === 'deny', durationMs, begins }];
}

function isBlocked(windows: readonly ReadableWindow[], atMs: number): boolean {
  if (windows.some((window) => window.denies && isActive(window, atMs))) return true;
  const allowing = windows.filter(({ denies }) => !denies);
  return allowing.length > 0 && !allowing.some((window) => isActive(window, atMs));
}

function isActive({ durationMs, begins }: ReadableWindow, atMs: number): boolean {
  const minute = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  for (let startMs = minute; startMs > atMs - durationMs; startMs -= MINUTE_MS) {
    if (begins(startMs)) return true;
  }
  return false;
}

/** Minutes at which something begins or may have ended, in order. */
function* turningPoints(windows: readonly ReadableWindow[], firstMs: number): Generator<number> {
  const ends = new Set<number>();
  for (const { durationMs, begins } of windows) {
    for (
      let startMs = firstMs - MINUTE_MS;
      startMs > firstMs - durationMs - MINUTE_MS;
      startMs -= MINUTE_MS
    ) {
      if (begins(startMs)) ends.add(ceilMinute(startMs + durationMs));
    }
  }
  for (let atMs = firstMs; atMs < firstMs + FURTHEST_MS; atMs += MINUTE_MS) {
    let turns = ends.has(atMs);
    for (const { durationMs, begins } of windows) {
      if (!begins(atMs)) continue;
      ends.add(ceilMinute(atMs + durationMs));
      turns = true;
    }
    if (turns) yield atMs;
  }
}

function ceilMinute(atMs: number): number {
  return Math.ceil(atMs / MINUTE_MS) * MINUTE_MS;
}

/** `1h30m`, `90m`, `24h`: as Go writes durations. */
function goDurationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?[hms])+$/.test(text)) return undefined;
  const units = { h: 3_600_000, m: MINUTE_MS, s: 1_000 } as const;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)) {
    total += Number(count) * (unit === 'h' ? units.h : unit === 'm' ? units.m : units.s);
  }
  return total;
}

function matchesApplication(window: SyncWindow, { metadata, spec }: Application): boolean {
  const { applications, namespaces, clusters } = window;
  const { destination } = spec;
  const tests = [
    { globs: applications, values: [metadata.name] },
    { globs: namespaces, values: [destination?.namespace] },
    { globs: clusters, values: [destination?.name, destination?.server] },
  ].filter(({ globs }) => (globs?.length ?? 0) > 0);
  const matches = ({ globs, values }: (typeof tests)[number]): boolean =>
    (globs ?? []).some((glob) => values.some((value) => value !== undefined && matchesGlob(glob, value)));
  return window.andOperator === true ? tests.length > 0 && tests.every(matches) : tests.some(matches);
}

/** `*` and `?` as in Argo CD's globs; other characters are themselves. */
function matchesGlob(glob: string, value: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 's').test(value);
}
