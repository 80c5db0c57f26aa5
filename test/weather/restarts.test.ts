import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import type { ProcessEnd, RunningProcess } from '../../sandbox/stack/processes.js';
import { type TemporalServer, temporalServer } from '../../sandbox/stack/temporal.js';
import { moveCurrentVersion } from '../../src/config/worker-version.js';
import { workflowBundle } from '../support/stack.js';
import { type Cluster, Fleets, WEATHER_MS, workflowIdOfCluster } from './fleets.js';
import { WHOLE } from './stand-ins.js';

vi.setConfig({ testTimeout: WEATHER_MS, hookTimeout: WEATHER_MS });

/** Every part is killed or stopped in the middle of a rollout, once, and started again: nothing is lost or made twice. */
describe('restarts in the middle', () => {
  let temporal: TemporalServer;
  let stack: GatehouseStack;
  let fleets: Fleets;
  let connection: Connection;
  let worker: RunningProcess<unknown> | undefined;
  let build = 'build-1';

  beforeAll(async () => {
    temporal = await temporalServer({ own: true });
    connection = await Connection.connect({ address: temporal.address });
    stack = await startGatehouse({
      clusters: 12,
      temporal: { address: temporal.address },
      workflowBundle: (await workflowBundle()).codePath,
      installation: { timing: 'brisk', stabilisationMs: 0 },
      without: ['worker'],
    });
    await workerRuns();
    fleets = new Fleets(stack);
  });

  afterAll(async () => {
    const { logFile = '' } = stack.postgres;
    expect(existsSync(logFile)).toBe(true);
    await fleets?.dispose();
    // also where root started it, in a folder of another user
    expect(existsSync(dirname(logFile))).toBe(false);
    await connection?.close();
    await temporal?.dispose();
  });

  /** There is a worker of the current build: the one that runs, or a new one. */
  async function workerRuns(): Promise<void> {
    if (worker !== undefined) return;
    const name = `${build}-${stack.workers.length + 1}`;
    const started = await stack.startWorker({ name, env: { GATEHOUSE_BUILD_ID: build } });
    worker = started;
    await moveCurrentVersion(connection, stack.namespace, { buildId: build, back: false });
    void started.ended.then(() => {
      if (worker === started) worker = undefined;
    });
  }

  async function stopWorker(): Promise<ProcessEnd | undefined> {
    const stopped = worker;
    worker = undefined;
    return stopped?.stop();
  }

  /** Whatever comes of this test, the next one finds a worker, no fault, and no run that goes on with this one's work. */
  function leaveNothing(requestId: string, clusters: readonly Cluster[]): void {
    // in reverse order, and after what a test itself says later: what it stopped is started again first
    onTestFinished(() => fleets.abandon(requestId, clusters));
    onTestFinished(workerRuns);
    onTestFinished(goOn);
  }

  /** Starts a rollout, and comes back while each cluster's call to make its environment waits at the vendor. */
  async function inTheMiddle(clusters: readonly Cluster[]): Promise<string> {
    const requestId = await fleets.ask(clusters);
    leaveNothing(requestId, clusters);
    await fleets.otterize.addFault({
      id: 'middle',
      match: { operation: 'createEnvironment_mutation' },
      // all of them: a call that waits too long is broken off, and held again when it is repeated
      times: 0,
      when: 'before',
      kind: 'hold',
    });
    await fleets.agree(requestId, clusters.length);
    await fleets.held(requestId, fleets.otterize, clusters.length);
    return requestId;
  }

  const goOn = (): Promise<void> => fleets.otterize.removeFaults('middle');

  async function becomeWhole(requestId: string, clusters: readonly Cluster[]): Promise<void> {
    const status = await fleets.ended(requestId);
    expect(status.status, status.message).toBe('done');
    for (const cluster of clusters) expect(await fleets.standIns.found(cluster), cluster.key).toEqual(WHOLE);
  }

  it('a fleet that waits at its gates finishes on the code of a later build', async () => {
    const clusters = fleets.take(2);
    const requestId = await fleets.ask(clusters);
    leaveNothing(requestId, clusters);
    await fleets.opened(requestId);
    const { workflowId } = await fleets.api.status(requestId);
    expect(await fleets.buildOf(workflowId)).toBe('build-1');

    await stopWorker();
    build = 'build-2';
    await workerRuns();
    await fleets.agree(requestId, clusters.length);
    await becomeWhole(requestId, clusters);
    expect(await fleets.buildOf(workflowId)).toBe('build-2');
    const [cluster] = clusters;
    expect(await fleets.buildOf(workflowIdOfCluster(cluster))).toBe('build-2');
  });

  it('a worker told to stop finishes the calls in hand, and the next worker goes on', async () => {
    const clusters = fleets.take(2);
    const requestId = await inTheMiddle(clusters);
    const stopping = stopWorker();
    await goOn();
    expect(await stopping).toMatchObject({ code: 0 });
    for (const cluster of clusters) {
      expect(await fleets.standIns.found(cluster), cluster.key).toMatchObject({ environments: 1 });
    }
    await workerRuns();
    await becomeWhole(requestId, clusters);
  });

  it('Temporal killed', async () => {
    const clusters = fleets.take(2);
    const requestId = await inTheMiddle(clusters);
    onTestFinished(() => temporal.start());
    await temporal.stop('SIGKILL');
    await goOn();
    // decisions and status do not need it
    expect((await fleets.api.status(requestId)).status).toBe('running');
    await temporal.start();
    await becomeWhole(requestId, clusters);
  });

  it('the database killed', async () => {
    const clusters = fleets.take(2);
    const requestId = await inTheMiddle(clusters);
    onTestFinished(() => stack.postgres.start());
    await stack.postgres.stop('SIGKILL');
    await goOn();
    // says so, and leads nobody to think that something is lost
    const answer = await fleets.api.status(requestId).catch((error: unknown) => error);
    expect(String(answer)).toMatch(/503.*Something that this needs does not answer/);
    await stack.postgres.start();
    await becomeWhole(requestId, clusters);
  });

  it('the stand-ins killed: the vendors are away, and come back as they were', async () => {
    const clusters = fleets.take(2);
    const requestId = await inTheMiddle(clusters);
    const killed = stack.sandbox;
    const restarted = async (): Promise<void> => {
      if (stack.sandbox === killed) await stack.restartStandIns();
    };
    onTestFinished(restarted);
    killed.kill('SIGKILL');
    await killed.ended;
    await restarted();
    await becomeWhole(requestId, clusters);
  });

  it('the API killed between a decision and its news: the workflow hears of it all the same', async () => {
    const clusters = fleets.take(2);
    const requestId = await fleets.ask(clusters);
    leaveNothing(requestId, clusters);
    const killed = stack.api;
    const restarted = async (): Promise<void> => {
      if (stack.api === killed) await stack.startApi();
    };
    onTestFinished(restarted);
    await fleets.agree(requestId, clusters.length);
    killed?.kill('SIGKILL');
    await killed?.ended;
    await restarted();
    await becomeWhole(requestId, clusters);
  });
});
