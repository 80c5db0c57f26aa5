/** How long carrying a plan out takes, roughly: enough to know whether to wait in front of the screen. */
import type { PlannedEffect, TargetPlan } from '../../domain/plan.js';

/** One object: looked up, written, read back, each a few hundred milliseconds, and the ledger in between. */
const PER_OBJECT_S = 1;
/** Argo CD notices the commit, syncs and becomes healthy; a secret is fetched meanwhile. */
const SYNC_S = 20;
/** The vendor sees the components after they have started. */
const CONNECT_S = 10;

/**
 * @param targets the plan
 * @param maxInFlight targets worked on at the same time
 * @returns seconds; 0 when nothing is to be done
 */
export function estimateSeconds(targets: readonly TargetPlan[], maxInFlight: number): number {
  // greedy: the next target goes to whoever is free first, as the pool does it
  const busyUntil = Array.from({ length: Math.max(1, maxInFlight) }, () => 0);
  for (const target of targets) {
    const seconds = secondsOf(target.effects);
    if (seconds === 0) continue;
    const free = busyUntil.indexOf(Math.min(...busyUntil));
    busyUntil[free] = (busyUntil[free] ?? 0) + seconds;
  }
  return Math.max(...busyUntil);
}

function secondsOf(effects: readonly PlannedEffect[]): number {
  const objects = effects
    .filter(({ action }) => action !== 'unchanged' && action !== 'conflict')
    .reduce((sum, { count }) => sum + count, 0);
  return objects === 0 ? 0 : objects * PER_OBJECT_S + SYNC_S + CONNECT_S;
}

/** `40s`, `2m`, `1h 10m`: rounded up, because it is a guess and nobody minds being done earlier. */
export function roughly(seconds: number): string {
  if (seconds <= 90) return `${Math.ceil(seconds / 5) * 5}s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60}h` : `${Math.floor(minutes / 60)}h ${rest}m`;
}
