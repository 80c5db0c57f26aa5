import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { type TemporalServer, temporalServer } from '../../sandbox/stack/temporal.js';
import { workflowBundle } from '../support/stack.js';
import { type Cluster, Fleets, WEATHER_MS } from './fleets.js';
import { WHOLE } from './stand-ins.js';

vi.setConfig({ testTimeout: WEATHER_MS, hookTimeout: WEATHER_MS });

/** Every part is killed or stopped in the middle of a rollout, once, and started again: nothing is lost or made twice. */
describe('restarts in the middle', () => {
  let temporal: TemporalServer;
  let stack: GatehouseStack;
  let fleets: Fleets;

  beforeAll(async () => {
    temporal = await temporalServer({ own: true });
    stack = await startGatehouse({
      clusters: 12,
      temporal: { address: temporal.address },
      workflowBundle: (await workflowBundle()).codePath,
      installation: { timing: 'brisk', stabilisationMs: 0 },
      without: ['worker'],
    });
    await stack.startWorker({ name: 'build-1', env: { GATEHOUSE_BUILD_ID: 'build-1' } });
    fleets = new Fleets(stack);
  });

  afterAll(async () => {
    await fleets?.dispose();
    await temporal?.dispose();
  });

  /** Starts a rollout, and comes back while one cluster's call to make an environment waits at the vendor. */
  async function inTheMiddle(clusters: readonly Cluster[]): Promise<string> {
    await fleets.otterize.addFault({
      id: 'middle',
      match: { operation: 'createEnvironment_mutation' },
      when: 'before',
      kind: 'hold',
    });
    const requestId = await fleets.started(clusters);
    await expect.poll(async () => (await fleets.otterize.held()).length, { timeout: 60_000 }).toBe(1);
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
    await fleets.api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'));
    const { workflowId } = await fleets.api.status(requestId);
    expect(await fleets.buildOf(workflowId)).toBe('build-1');

    const [old] = stack.workers;
    await old?.stop();
    await stack.startWorker({ name: 'build-2', env: { GATEHOUSE_BUILD_ID: 'build-2' } });
    await fleets.agree(requestId, clusters.length);
    await becomeWhole(requestId, clusters);
    expect(await fleets.buildOf(workflowId)).toBe('build-2');
    const [cluster] = clusters;
    expect(await fleets.buildOf(`cluster/otterize/${cluster.name}-${cluster.stage}`)).toBe('build-2');
  });

  it('a worker told to stop finishes the call in hand, and the next worker goes on', async () => {
    const clusters = fleets.take(2);
    const requestId = await inTheMiddle(clusters);
    const worker = stack.workers.at(-1);
    const stopping = worker?.stop();
    await goOn();
    expect(await stopping).toMatchObject({ code: 0 });
    const [first] = clusters;
    expect(await fleets.standIns.found(first)).toMatchObject({ environments: 1 });
    await stack.startWorker({ name: 'build-2-again', env: { GATEHOUSE_BUILD_ID: 'build-2' } });
    await becomeWhole(requestId, clusters);
  });

  it('Temporal killed', async () => {
    const clusters = fleets.take(2);
    const requestId = await inTheMiddle(clusters);
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
    stack.sandbox.kill('SIGKILL');
    await stack.sandbox.ended;
    await stack.restartStandIns();
    await becomeWhole(requestId, clusters);
  });

  it('the API killed between a decision and its news: the workflow hears of it all the same', async () => {
    const clusters = fleets.take(2);
    const requestId = await fleets.ask(clusters);
    await fleets.agree(requestId, clusters.length);
    stack.api?.kill('SIGKILL');
    await stack.api?.ended;
    await stack.startApi();
    await becomeWhole(requestId, clusters);
  });
});
