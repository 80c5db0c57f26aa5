import { readFileSync } from 'node:fs';
import { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalFitness } from '../../src/config/temporal-fitness.js';
import { bootstrapNamespace } from '../../src/config/temporal-namespace.js';
import { moveCurrentVersion, VersionNotMoved, workerVersions } from '../../src/config/worker-version.js';
import { deploymentOptions } from '../../src/worker/deployment.js';
import { sharedTemporal, uniqueName, workflowBundle } from '../support/stack.js';

const namespace = uniqueName('versions');
let connection: Connection;
let native: NativeConnection;
let code: string;
const running: { readonly worker: Worker; readonly ended: Promise<void> }[] = [];

beforeAll(async () => {
  const { address } = await sharedTemporal();
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
  code = readFileSync((await workflowBundle()).codePath, 'utf8');
  await bootstrapNamespace(connection, { namespace, retentionDays: 1 });
});
afterAll(async () => {
  for (const { worker } of running) if (worker.getState() === 'RUNNING') worker.shutdown();
  await Promise.all(running.map(({ ended }) => ended));
  await native?.close();
  await connection?.close();
});

async function startWorker(buildId: string): Promise<() => Promise<void>> {
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: 'gatehouse-workflows',
    workflowBundle: { code },
    ...deploymentOptions(buildId),
  });
  const ended = worker.run();
  running.push({ worker, ended });
  return async () => {
    worker.shutdown();
    await ended;
  };
}

const move = (buildId: string, back = false) => moveCurrentVersion(connection, namespace, { buildId, back });
const current = async () => (await workerVersions(connection, namespace))?.current;
const place = { namespace, taskQueuePrefix: 'gatehouse', queues: ['workflows'] } as const;
const workers = async () =>
  (await temporalFitness(connection, place)).find(({ subject }) => subject === 'workers');

describe('the current version of the workers', () => {
  it('is moved by the step of a deployment, only forward, and by no worker that starts', async () => {
    const stopOld = await startWorker('build-1');
    expect(await move('build-1')).toBeUndefined();
    await startWorker('build-2');
    expect(await current()).toBe('build-1');
    expect(await move('build-2')).toBe('build-1');
    expect(await move('build-2')).toBe('build-2');

    // its node is drained during the roll-out: it is started again elsewhere
    await stopOld();
    await startWorker('build-1');
    expect(await current()).toBe('build-2');
    await expect(move('build-1')).rejects.toThrow(/current version build-2 is newer than build-1/);
    expect(await current()).toBe('build-2');
    expect(await move('build-1', true)).toBe('build-2');
    expect(await current()).toBe('build-1');
    expect(await move('build-2')).toBe('build-1');
  });

  it('is served by a worker of that version, or doctor and readiness say so', async () => {
    expect(await workers()).toMatchObject({
      isFit: true,
      detail: 'all 1 queues are served, version build-2',
    });
  });

  it('is none that no worker has', async () => {
    await expect(
      moveCurrentVersion(connection, namespace, { buildId: 'build-9', back: false, knownWithinMs: 1 }),
    ).rejects.toThrow(VersionNotMoved);
  });
});
