/** The latencies of the fleet bench, set at the stand-ins. */
import { type BenchStack, SYSTEMS } from './bench-stack.js';
import type { Delays } from './critical-path.js';

/** Log-normal latency of every call, as the figure asks for it. */
const CALLS = { medianMs: 200, p99Ms: 1_000 } as const;
export const DELAYS: Delays = { syncMs: 20_000, connectMs: 10_000 };

/** In words, for the log. */
export function describeWorld(seed: number): string {
  return `calls log-normal, median ${CALLS.medianMs} ms, p99 ${CALLS.p99Ms} ms; sync ${DELAYS.syncMs} ms; CONNECTED after ${DELAYS.connectMs} ms; seed ${seed} (+0 to +${SYSTEMS.length - 1} by system)`;
}

/** @param seed the first of a row of seeds, one per system */
export async function slowDown(bench: BenchStack, seed: number): Promise<void> {
  await bench.control('kubernetes').settings({ syncMs: DELAYS.syncMs });
  await bench.control('otterize').settings({ connectMs: DELAYS.connectMs });
  for (const [index, system] of SYSTEMS.entries()) {
    await bench.control(system).latency({ ...CALLS, seed: seed + index });
  }
}
