/** What the kept histories went through: each runs on the real engine and gives the histories of its runs. */
import type { WorkflowHandle } from '@temporalio/client';
import type { GatePolicy } from '../../src/domain/manifest.js';
import { workflowIdOf } from '../../src/domain/request.js';
import type { Asked, Engine } from '../workflows/engine.js';
import type { KeptHistory } from './kept-history.js';

const WAIT_MS = 60_000;
const POLL_MS = 50;
const DAY = 86_400_000;

const GATES: readonly GatePolicy[] = [
  {
    name: 'procurement',
    approvers: { group: 'procurement', need: 1 },
    evidence: [],
    after: [],
    remindEveryMs: 5 * DAY,
    deadline: { afterMs: 180 * DAY, then: 'reject' },
  },
  { name: 'data-protection', approvers: { group: 'dpo', need: 1 }, evidence: [], after: ['procurement'] },
];

/** Runs every scenario, one after another. */
export async function recordHistories(engine: Engine): Promise<readonly KeptHistory[]> {
  return [
    ...(await waiting(engine)),
    ...(await done(engine)),
    ...(await failureAndRetry(engine)),
    ...(await cancelled(engine)),
    ...(await rejected(engine)),
  ];
}

/** Still waits at its second gate when the history is taken: the case that lives through most deployments. */
async function waiting(engine: Engine): Promise<readonly KeptHistory[]> {
  const asked = await engine.ask({ fleet: 'kept-waiting', clusters: ['harbour-01'], gates: GATES });
  await agreeAtFirst(engine, asked);
  // its notice of the second gate is the last thing that it does before it sleeps
  await until(async () => (await engine.entries(asked, 'gate.reminded')).length === 2);
  await until(async () => !(await hasTasks(engine.handle(asked))));
  const kept = await keep('fleet-waiting', engine, asked.workflowId);
  await engine.handle(asked).terminate('recorded');
  return [kept];
}

async function done(engine: Engine): Promise<readonly KeptHistory[]> {
  const asked = await engine.ask({
    fleet: 'kept-done',
    clusters: ['harbour-02', 'harbour-03', 'harbour-04'],
    gates: GATES,
  });
  await agree(engine, asked);
  await engine.handle(asked).result();
  return [
    await keep('fleet-done', engine, asked.workflowId),
    await keep('cluster-done', engine, clusterId('harbour-02')),
  ];
}

async function failureAndRetry(engine: Engine): Promise<readonly KeptHistory[]> {
  const clusters = ['harbour-05', 'harbour-06', 'harbour-07'];
  const [failing, skipped] = clusters.map((name) => `${name}/dev`);
  if (failing === undefined || skipped === undefined) throw new Error('three clusters');
  engine.systems.fail(failing, 'environment');
  engine.systems.fail(skipped, 'values');
  const asked = await engine.ask({ fleet: 'kept-failure', clusters, gates: GATES });
  await agree(engine, asked);
  await until(async () => (await engine.entries(asked, 'target.ended')).length === 3);
  const failed = await keep('cluster-failed', engine, clusterId('harbour-05'));
  await engine.command(asked, 'pause');
  await engine.command(asked, 'skip', [skipped]);
  await engine.command(asked, 'resume');
  await engine.command(asked, 'retry', [failing]);
  await engine.handle(asked).result();
  return [failed, await keep('fleet-failure-and-retry', engine, asked.workflowId)];
}

async function cancelled(engine: Engine): Promise<readonly KeptHistory[]> {
  const letGo = engine.systems.hold('harbour-08/dev', 'organisation');
  const asked = await engine.ask({
    fleet: 'kept-cancelled',
    clusters: ['harbour-08', 'harbour-09'],
    gates: GATES,
    maxInFlight: 1,
  });
  await agree(engine, asked);
  await until(async () => (await engine.entries(asked, 'effect.reserved')).length === 1);
  await engine.command(asked, 'cancel');
  letGo();
  await engine.handle(asked).result();
  return [
    await keep('fleet-cancelled', engine, asked.workflowId),
    await keep('cluster-cancelled', engine, clusterId('harbour-08')),
  ];
}

async function rejected(engine: Engine): Promise<readonly KeptHistory[]> {
  const asked = await engine.ask({ fleet: 'kept-rejected', clusters: ['harbour-10'], gates: GATES });
  await until(async () => (await engine.entries(asked, 'gate.opened')).length === 1);
  await engine.decide(asked, 'procurement', 'ben', 'reject');
  await engine.handle(asked).result();
  return [await keep('fleet-rejected', engine, asked.workflowId)];
}

async function agreeAtFirst(engine: Engine, asked: Asked): Promise<void> {
  await until(async () => (await engine.entries(asked, 'gate.opened')).length === 1);
  await engine.decide(asked, 'procurement', 'ben');
  await until(async () => (await engine.entries(asked, 'gate.opened')).length === 2);
}

async function agree(engine: Engine, asked: Asked): Promise<void> {
  await agreeAtFirst(engine, asked);
  await engine.decide(asked, 'data-protection', 'chi');
}

function clusterId(cluster: string): string {
  return workflowIdOf.cluster('otterize', { cluster, stage: 'dev' });
}

async function keep(name: string, engine: Engine, workflowId: string): Promise<KeptHistory> {
  const history = await engine.client.workflow.getHandle(workflowId).fetchHistory();
  return { name, workflowId, history };
}

async function hasTasks(handle: WorkflowHandle): Promise<boolean> {
  const { raw } = await handle.describe();
  return raw.pendingWorkflowTask != null || (raw.pendingActivities ?? []).length > 0;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('not reached; the scenario does not run as it was written');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
