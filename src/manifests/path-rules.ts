/** What promoting into an environment needs, in a `Path` file: durations to milliseconds, defaults, calendars checked. */
import { isCron, isTimeZone, neverBegins } from '../domain/cron.js';
import type { Check, EnvironmentRules } from '../domain/promotion/path.js';
import type { WaveSize } from '../domain/promotion/waves.js';
import type { Window } from '../domain/promotion/windows.js';
import { durationMs, MAX_DURATION_MS } from './duration.js';
import type { PathStep } from './fault.js';
import { isLoopback } from './loopback.js';
import type { PathContext } from './path-places.js';
import type { CheckFile, EnvironmentFile, WindowFile } from './path-schema.js';

const DEFAULTS = {
  timeZone: 'UTC',
  /** long enough for a service that warms up, short enough to be noticed */
  checkTimeoutMs: 5 * 60_000,
  status: 200,
  /** a handful at a time keeps a bad release from being everywhere before the first place is known to be bad */
  maxInFlight: 5,
  maxFailures: 0,
} as const;

/** Every schedule begins within a year: a longer window would never end. */
const LONGEST_WINDOW_MS = 366 * 86_400_000;

type Fault = PathContext['fault'];

/** @param namespaces those in which the workloads run: the default of `namespaces` */
export function rulesOf(
  file: EnvironmentFile,
  path: readonly PathStep[],
  namespaces: readonly string[],
  { fault }: PathContext,
): EnvironmentRules {
  const at: Fault = (steps, message) => fault([...path, ...steps], message);
  const { scan } = file;
  return {
    ...(scan === undefined ? {} : { scan: { critical: scan.critical ?? 0, high: scan.high ?? 0 } }),
    changeRecord: file.changeRecord ?? false,
    unpinned: file.unpinned ?? 'warn',
    clusterKinds: file.clusterKinds ?? [],
    namespaces: file.namespaces ?? namespaces,
    windows: (['allow', 'deny'] as const).flatMap((kind) =>
      (file.windows?.[kind] ?? []).map((window, index) =>
        windowOf(kind, window, (field, message) => at(['windows', kind, index, field], message)),
      ),
    ),
    checks: (file.checks ?? []).map((check, index) =>
      checkOf(check, (steps, message) => at(['checks', index, ...steps], message)),
    ),
    soakMs: msOf(file.soak, 0, (message) => at(['soak'], message)),
    watchMs: msOf(file.watch, 0, (message) => at(['watch'], message)),
    ...(file.mayBeDegraded === undefined
      ? {}
      : { degradedMs: msOf(file.mayBeDegraded, 0, (message) => at(['mayBeDegraded'], message)) }),
    onFailure: file.onFailure ?? 'hold',
    whileOpen: file.whileOpen ?? 'refuse',
    rollout: {
      waves: wavesOf(file.rollout),
      maxInFlight: file.rollout?.maxInFlight ?? DEFAULTS.maxInFlight,
      maxFailures: file.rollout?.maxFailures ?? DEFAULTS.maxFailures,
    },
  };
}

function msOf(text: string | undefined, unset: number, fault: (message: string) => void): number {
  if (text === undefined) return unset;
  const ms = durationMs(text);
  if (ms === undefined) fault('is longer than ten years');
  return ms ?? MAX_DURATION_MS;
}

function windowOf(
  kind: Window['kind'],
  file: WindowFile,
  fault: (field: keyof WindowFile, message: string) => void,
): Window {
  const { schedule, timeZone = DEFAULTS.timeZone } = file;
  if (!isTimeZone(timeZone)) fault('timeZone', `"${timeZone}" is not a time zone such as Europe/Berlin`);
  else if (!isCron(schedule)) {
    fault('schedule', 'must be a cron expression of five fields such as "0 9 * * mon-fri"');
  } else if (neverBegins(schedule)) {
    fault('schedule', `"${schedule}" names a day that no year has: the window would never begin`);
  }
  const windowMs = msOf(file.duration, 0, (message) => fault('duration', message));
  if (windowMs > LONGEST_WINDOW_MS && windowMs < MAX_DURATION_MS) fault('duration', 'is longer than a year');
  return { kind, name: file.name, schedule, durationMs: windowMs, timeZone };
}

function checkOf(file: CheckFile, fault: Fault): Check {
  const common = {
    name: file.name,
    timeoutMs: msOf(file.timeout, DEFAULTS.checkTimeoutMs, (message) => fault(['timeout'], message)),
  };
  switch (file.kind) {
    case 'http':
      if (!file.url.startsWith('https://') && !isLoopback(file.url)) {
        fault(['url'], 'must be https: an answer that anybody on the way can write proves nothing');
      }
      return {
        ...common,
        kind: file.kind,
        url: file.url,
        expectStatus: file.status ?? DEFAULTS.status,
        ...(file.contains === undefined ? {} : { expectBodyContains: file.contains }),
      };
    case 'metric':
      if (file.atMost === undefined && file.atLeast === undefined) {
        fault([], '"atMost" or "atLeast" is missing: without a limit every value passes');
      }
      return {
        ...common,
        kind: file.kind,
        query: file.query,
        ...(file.atMost === undefined ? {} : { atMost: file.atMost }),
        ...(file.atLeast === undefined ? {} : { atLeast: file.atLeast }),
      };
    case 'job': {
      const { kind, connection, namespace, cronJob } = file;
      return { ...common, kind, connection, namespace, cronJob };
    }
  }
}

/** A canary is the first wave; what comes after it, if nothing is said, is the rest. */
function wavesOf(rollout: EnvironmentFile['rollout']): readonly WaveSize[] {
  const waves = (rollout?.waves ?? ['100%']).map(
    (wave): WaveSize => (typeof wave === 'number' ? wave : `${Number.parseInt(wave, 10)}%`),
  );
  return rollout?.canary === undefined ? waves : [rollout.canary, ...waves];
}
