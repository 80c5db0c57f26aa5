/**
 * Whether the sync windows of an AppProject hold an automatic sync back (reference: promotion, section 3.1; Argo CD 3.5,
 * pkg/apis/application/v1alpha1/types.go). Deny beats allow; with any window that allows, outside of it is denied. Pure.
 */
import { cronSchedule } from '../../domain/cron.js';
import { judgeWindows, type Window, type WindowJudgement } from '../../domain/promotion/windows.js';
import type { SyncWindow } from './app-project.js';
import type { Application } from './application.js';
import { matchesGlob } from './glob.js';

/**
 * @param now ISO 8601
 * @returns null when nothing holds it back; the ISO 8601 time at which it may go on; undefined when that is more than a
 *   year away
 */
export function blockedUntil(
  windows: readonly SyncWindow[],
  application: Application,
  now: string,
): string | null | undefined {
  const { state, nextAtMs } = judgeSyncWindows(windows, application, Date.parse(now));
  if (state === 'open') return null;
  return nextAtMs === undefined ? undefined : new Date(nextAtMs).toISOString();
}

/**
 * The same as a judgement, to be taken together with other windows.
 * @param windows those of the Application's project; one of its own that cannot be read holds every sync back, as Argo CD has
 *   it (`CanSync` answers false with an error), until somebody corrects it
 */
export function judgeSyncWindows(
  windows: readonly SyncWindow[],
  application: Application,
  atMs: number,
): WindowJudgement {
  const matching = windows.filter((window) => matchesApplication(window, application));
  const unread = matching.find((window) => readableOf(window) === undefined);
  if (unread !== undefined) {
    const { schedule = '', duration = '' } = unread;
    return {
      state: 'closed',
      because: `its project has a sync window that cannot be read ("${schedule}" for "${duration}"), so Argo CD syncs nothing by itself`,
    };
  }
  return judgeWindows(
    matching.flatMap((window) => readableOf(window) ?? []),
    atMs,
    'robfig',
  );
}

/** What Argo CD reads of it: nothing of a kind that it does not know; undefined when it cannot be read. */
function readableOf(window: SyncWindow): readonly Window[] | undefined {
  const { kind, schedule = '', duration = '', timeZone = '' } = window;
  // a time zone that is not known is UTC
  const zone =
    timeZone !== '' && cronSchedule('0 0 * * *', timeZone, 'robfig') !== undefined ? timeZone : 'UTC';
  const durationMs = goDurationMs(duration);
  if (durationMs === undefined || cronSchedule(schedule, zone, 'robfig') === undefined) return undefined;
  if (kind !== 'deny' && kind !== 'allow') return [];
  return [{ kind, name: `sync window ${schedule} for ${duration}`, schedule, durationMs, timeZone: zone }];
}

/** `1h30m`, `90m`, `24h`: as Go writes durations. */
function goDurationMs(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?[hms])+$/.test(text)) return undefined;
  const units = { h: 3_600_000, m: 60_000, s: 1_000 } as const;
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
