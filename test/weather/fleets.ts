/** Fleets of one stack: each test takes clusters that no other test of the file has, asks, agrees and waits. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { exampleEvidence, type FleetTextOptions, fleetText } from '../../sandbox/stack/example-files.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { FailureReport } from '../../src/domain/failure.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { KEY_FILES } from '../../src/security/key-generation.js';
import { openStandIns, type WeatherStandIns } from './stand-ins.js';

export interface Cluster {
  readonly name: string;
  readonly stage: string;
  /** `<name>/<stage>` */
  readonly key: string;
}

export type Command = 'pause' | 'resume' | 'retry' | 'skip' | 'cancel';

/** How long a fleet of a few clusters may take on a busy machine, in milliseconds. */
const FLEET_MS = 150_000;
const LOOK_EVERY_MS = 100;
/** Limit of a test with a few of them, in milliseconds: only a hang meets it. */
export const WEATHER_MS = 240_000;

export class Fleets {
  readonly stack: GatehouseStack;
  readonly api: ExampleApi;
  readonly standIns: WeatherStandIns;
  private readonly client: Promise<Client>;
  private taken = 0;

  constructor(stack: GatehouseStack) {
    this.stack = stack;
    this.api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    this.standIns = openStandIns(stack);
    this.client = clientOf(stack);
  }

  get otterize(): ControlClient {
    return this.standIns.otterize;
  }

  /** Clusters that nobody else in this file uses. */
  take(count: number): readonly [Cluster, ...Cluster[]] {
    const taken = this.stack.world.clusters.slice(this.taken, this.taken + count);
    this.taken += count;
    const [first, ...rest] = taken.map(({ name, stage }) => ({ name, stage, key: `${name}/${stage}` }));
    if (first === undefined || taken.length < count) throw new Error('Give the stack more clusters.');
    return [first, ...rest];
  }

  /** Asks for a fleet of these clusters under a name of its own. @returns the request's id */
  async ask(clusters: readonly Cluster[], options: Omit<FleetTextOptions, 'clusters'> = {}): Promise<string> {
    const name = `fleet-${randomUUID().slice(0, 8)}`;
    return this.api.request(fleetText(this.stack.world, { name, ...options, clusters: clusters.map(named) }));
  }

  /** Waits until both gates ask people. */
  async opened(requestId: string): Promise<void> {
    await this.api.until(
      requestId,
      (status) => status.gates.every((gate) => gate.state === 'open'),
      FLEET_MS,
    );
  }

  /** Both gates agree. */
  async agree(requestId: string, clusters: number): Promise<void> {
    await this.opened(requestId);
    for (const [person, gate] of [
      ['ben', 'procurement'],
      ['chi', 'data-protection'],
    ] as const) {
      await this.api.decide(person, requestId, gate, 'approve', exampleEvidence(gate, clusters));
    }
  }

  async started(
    clusters: readonly Cluster[],
    options: Omit<FleetTextOptions, 'clusters'> = {},
  ): Promise<string> {
    const requestId = await this.ask(clusters, options);
    await this.agree(requestId, clusters.length);
    return requestId;
  }

  /**
   * Waits until at least a number of calls are held at a stand-in on behalf of a request.
   * @throws Error with its status, at once when it can no longer come to that
   */
  async held(requestId: string, at: ControlClient, count: number): Promise<void> {
    const deadline = Date.now() + FLEET_MS;
    for (;;) {
      const held = (await at.held()).length;
      if (held >= count) return;
      const status = await this.api.status(requestId);
      const stuck = status.endedAt !== undefined || status.status === 'attention';
      if (stuck || Date.now() > deadline) {
        throw new Error(`${held} of ${count} calls are held; the request is ${JSON.stringify(status)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Waits for the end of the request. @throws Error at once when a cluster failed and nothing moves any more */
  async ended(requestId: string): Promise<RequestStatus> {
    const status = await this.api.until(
      requestId,
      (now) => now.endedAt !== undefined || now.status === 'attention',
      FLEET_MS,
    );
    if (status.endedAt === undefined)
      throw new Error(`it waits for people: ${JSON.stringify(status, null, 1)}`);
    return status;
  }

  /** Waits until nothing moves any more and these clusters have failed. @returns why, by cluster */
  async failed(requestId: string, clusters: readonly Cluster[]): Promise<readonly FailureReport[]> {
    const keys = clusters.map((cluster) => cluster.key);
    const status = await this.api.until(
      requestId,
      (now) =>
        now.targets.every(({ state }) => state !== 'running' && state !== 'pending') &&
        keys.every((key) => stateOf(now, key) === 'failed'),
      FLEET_MS,
    );
    return keys.flatMap((key) => status.targets.find(({ target }) => target === key)?.failure ?? []);
  }

  /** Olga commands. @returns the workflow's answer */
  async command(name: Command, requestId: string, clusters: readonly Cluster[] = []): Promise<unknown> {
    const body =
      name === 'retry' || name === 'skip' ? { targets: clusters.map((cluster) => cluster.key) } : undefined;
    return this.api.call('olga', 'POST', `/v1/requests/${requestId}/${name}`, body);
  }

  /** Somebody ends a run in the Temporal UI. */
  async terminate(workflowId: string): Promise<void> {
    await (await this.client).workflow.getHandle(workflowId).terminate('by hand');
  }

  /** Ends the runs of a request that has not ended, so that they do not go on beside the next test. */
  async abandon(requestId: string, clusters: readonly Cluster[]): Promise<void> {
    const { endedAt, workflowId } = await this.api.status(requestId);
    if (endedAt !== undefined) return;
    for (const id of [workflowId, ...clusters.map(workflowIdOfCluster)]) {
      await this.terminate(id).catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
    }
  }

  /** Build of the worker that took the last task of a run. */
  async buildOf(workflowId: string): Promise<string | null | undefined> {
    const { raw } = await (await this.client).workflow.getHandle(workflowId).describe();
    return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
  }

  /** Type of the failure with which the run of a cluster ended, as Temporal shows it. */
  async failureTypeOf(cluster: Cluster): Promise<string | null | undefined> {
    const run = (await this.client).workflow.getHandle(workflowIdOfCluster(cluster));
    const failure: unknown = await run.result().catch((error: unknown) => error);
    if (!(failure instanceof WorkflowFailedError)) return undefined;
    return failure.cause instanceof ApplicationFailure ? failure.cause.type : failure.cause?.name;
  }

  async dispose(): Promise<void> {
    await (await this.client).connection.close();
    await this.stack.dispose();
  }
}

/** A client that reads clear text, as an operator's has who holds the codec's keys. */
async function clientOf(stack: GatehouseStack): Promise<Client> {
  const keys = CodecKeys.parse(
    readFileSync(join(stack.installation.folder, 'keys', KEY_FILES.codec), 'utf8'),
  );
  const { namespace } = stack;
  return new Client({
    connection: await Connection.connect({ address: stack.temporal.address }),
    namespace,
    dataConverter: createDataConverter({ keys, namespace }),
  });
}

export function workflowIdOfCluster({ name, stage }: Cluster): string {
  return `cluster/otterize/${name}-${stage}`;
}

export function stateOf(status: RequestStatus, key: string): string | undefined {
  return status.targets.find(({ target }) => target === key)?.state;
}

function named({ name, stage }: Cluster): { readonly name: string; readonly stage: string } {
  return { name, stage };
}
