/** Carries one request through both gates and waits for its end; what happened when is read from the ledger. */
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import type { World } from '../../sandbox/world.js';
import type { AnyEntry } from '../../src/domain/ledger.js';
import { entriesOfType } from '../../src/domain/record.js';
import type { BenchStack } from './bench-stack.js';

/** How often the ledger is asked whether it is over, in milliseconds: one small query, so that waiting costs nothing. */
const ASK_EVERY_MS = 250;
const PLAN_TIMEOUT_MS = 180_000;
const ROLLOUT_TIMEOUT_MS = 600_000;

export interface Onboarding {
  readonly requestId: string;
  /** from the acceptance of the request to the plan in the ledger, in milliseconds */
  readonly planningMs: number;
  /** time of the last approval and of the end, in milliseconds since 1970, by the database's clock */
  readonly approvedAt: number;
  readonly endedAt: number;
  readonly entries: readonly AnyEntry[];
}

/** The request did not end as it should have; nothing can be measured. */
export class BenchFailed extends Error {
  override readonly name = 'BenchFailed';
}

/** @throws BenchFailed when a cluster fails or nothing happens for too long */
export async function onboard(
  bench: BenchStack,
  fleet: string,
  clusters: World['clusters'],
): Promise<Onboarding> {
  const { api, stack } = bench;
  const requestId = await api.request(
    fleetText(stack.world, { name: fleet, clusters, maxInFlight: clusters.length }),
  );
  await appended(bench, requestId, 'gate.opened', 2, PLAN_TIMEOUT_MS);
  for (const [person, gate] of [
    ['ben', 'procurement'],
    ['chi', 'data-protection'],
  ] as const) {
    await api.decide(person, requestId, gate, 'approve', exampleEvidence(gate, clusters.length));
  }
  await appended(bench, requestId, 'request.ended', 1, ROLLOUT_TIMEOUT_MS);
  const entries = await bench.ledger.entriesOf(requestId);
  const outcome = entriesOfType(entries, 'request.ended').at(-1)?.body;
  if (outcome?.outcome !== 'done')
    throw new BenchFailed(`${fleet} ended as ${outcome?.outcome}: ${outcome?.message}`);
  const at = (type: AnyEntry['type']): number => Date.parse(entriesOfType(entries, type).at(-1)?.at ?? '');
  return {
    requestId,
    planningMs: at('plan.recorded') - at('request.accepted'),
    approvedAt: at('decision.made'),
    endedAt: at('request.ended'),
    entries,
  };
}

/** Waits until the ledger holds `count` entries of a type. A target that failed ends the waiting. */
export async function appended(
  bench: BenchStack,
  requestId: string,
  type: AnyEntry['type'],
  count: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const [row] = await bench.database.query(
      'count entries',
      `select count(*) filter (where type = $2)::int as there,
              max(body) filter (where type = 'target.ended' and body::jsonb ->> 'outcome' <> 'done') as failure
       from gatehouse.entry where request_id = $1`,
      [requestId, type],
    );
    if (Number(row?.there ?? 0) >= count) return;
    if (typeof row?.failure === 'string') throw new BenchFailed(`a cluster failed: ${row.failure}`);
    if (Date.now() > deadline) throw new BenchFailed(`no ${type} after ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
