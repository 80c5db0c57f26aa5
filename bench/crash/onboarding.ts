/** Asks for one cluster and decides its gates, as people of the example world do. */
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import type { AnyEntry } from '../../src/domain/ledger.js';
import { entriesOfType } from '../../src/domain/record.js';
import { workflowIdOf } from '../../src/domain/request.js';
import type { CrashStack } from './crash-stack.js';
import type { CrashCluster } from './kill-points.js';
import { temporalClosed } from './temporal-closed.js';

/** Longer than any recovery of a killed worker, on a busy machine too; who needs longer hangs. */
const LIMIT_MS = 180_000;
/** The ledger is asked, one small query each time. */
const ASK_EVERY_MS = 200;

const APPROVERS = [
  { person: 'ben', gate: 'procurement' },
  { person: 'chi', gate: 'data-protection' },
] as const;

export interface Onboarding {
  readonly cluster: CrashCluster;
  readonly requestId: string;
  /** settles when the request has ended, with how, and its workflow is closed; or with why not */
  readonly ended: Promise<{ readonly status: string; readonly message: string }>;
}

/** A fleet of this one cluster, named as the cluster. */
export async function onboard(crash: CrashStack, cluster: CrashCluster): Promise<Onboarding> {
  const manifest = fleetText(crash.stack.world, { clusters: [cluster], name: cluster.name });
  const requestId = await crash.api.request(manifest, { ticket: `CHG-${cluster.name}` });
  return { cluster, requestId, ended: carryThrough(crash, cluster, requestId) };
}

async function carryThrough(
  crash: CrashStack,
  cluster: CrashCluster,
  requestId: string,
): Promise<{ status: string; message: string }> {
  try {
    const open = await until(crash, requestId, (entries) => {
      const opened = entriesOfType(entries, 'gate.opened').length === APPROVERS.length;
      return opened || entriesOfType(entries, 'request.ended').length > 0 ? entries : undefined;
    });
    if (entriesOfType(open, 'request.ended').length === 0) {
      for (const { person, gate } of APPROVERS) {
        await crash.api.decide(person, requestId, gate, 'approve', exampleEvidence(gate, 1));
      }
    }
    const end = await until(crash, requestId, (entries) => entriesOfType(entries, 'request.ended').at(-1));
    await temporalClosed(crash.stack, workflowIdOf.fleet('otterize', cluster.name), LIMIT_MS);
    return { status: end.body.outcome, message: end.body.message };
  } catch (error) {
    return { status: 'not finished', message: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws Error when the ledger does not get there in time */
async function until<T>(
  crash: CrashStack,
  requestId: string,
  look: (entries: readonly AnyEntry[]) => T | undefined,
): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const entries = await crash.ledger.entriesOf(requestId);
    const found = look(entries);
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`no end in sight after ${entries.at(-1)?.type ?? 'nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
