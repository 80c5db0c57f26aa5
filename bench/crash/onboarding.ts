/** Asks for one cluster and decides its gates, as people of the example world do. */
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import { entriesOfType } from '../../src/domain/record.js';
import { workflowIdOf } from '../../src/domain/request.js';
import type { CrashStack } from './crash-stack.js';
import type { Arm, End, Job, Run } from './job.js';
import type { Subject } from './kill-points.js';
import { temporalClosed } from './temporal-closed.js';
import { HANGS_AFTER_MS, untilEntry } from './until-entry.js';

const APPROVERS = [
  { person: 'ben', gate: 'procurement' },
  { person: 'chi', gate: 'data-protection' },
] as const;

/** A cluster whose fleet has its name, so that every workflow of the run names it. */
export interface CrashCluster extends Subject {
  readonly name: string;
  readonly stage: string;
}

export function crashCluster({
  name,
  stage,
}: {
  readonly name: string;
  readonly stage: string;
}): CrashCluster {
  const marks = [
    { text: `${name}-${stage}`, placeholder: '{target}' },
    { text: name, placeholder: '{cluster}' },
  ];
  return { id: `${name}/${stage}`, name, stage, marks };
}

/** A fleet of one cluster, named as the cluster. */
export function onboarding(crash: CrashStack): Job<CrashCluster> {
  return { begin: (cluster, arm) => onboard(crash, cluster, arm), inTurns: () => false };
}

async function onboard(crash: CrashStack, cluster: CrashCluster, arm: Arm): Promise<Run<CrashCluster>> {
  const manifest = fleetText(crash.stack.world, { clusters: [cluster], name: cluster.name });
  await arm(undefined);
  const requestId = await crash.api.request(manifest, { ticket: `CHG-${cluster.name}` });
  await arm(requestId);
  return { subject: cluster, requestId, carryOn: () => carryThrough(crash, cluster, requestId) };
}

async function carryThrough(crash: CrashStack, cluster: CrashCluster, requestId: string): Promise<End> {
  try {
    const open = await untilEntry(crash, requestId, (entries) => {
      const opened = entriesOfType(entries, 'gate.opened').length === APPROVERS.length;
      return opened || entriesOfType(entries, 'request.ended').length > 0 ? entries : undefined;
    });
    if (entriesOfType(open, 'request.ended').length === 0) {
      for (const { person, gate } of APPROVERS) {
        await crash.api.decide(person, requestId, gate, 'approve', exampleEvidence(gate, 1));
      }
    }
    const end = await untilEntry(crash, requestId, (entries) =>
      entriesOfType(entries, 'request.ended').at(-1),
    );
    await temporalClosed(crash.stack, workflowIdOf.fleet('otterize', cluster.name), HANGS_AFTER_MS);
    return { status: end.body.outcome, message: end.body.message };
  } catch (error) {
    return { status: 'not finished', message: error instanceof Error ? error.message : String(error) };
  }
}
