/**
 * Full write access to the namespace, and nothing else: a raw client without the payload codec, and a worker of his own. He
 * has no key, no login of the ledger, no credential of any system.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, type Payload, WorkflowNotFoundError } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { type QueueName, taskQueue } from '../../src/domain/task-queues.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { CONVERTER_PATHS } from '../../src/security/data-converter.js';
import { EncryptionCodec } from '../../src/security/payload-codec.js';
import type { Attempt, AttemptResult } from './rogue-workflows.js';

export const PREFIX = 'gatehouse';
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 60_000;

export class Attacker {
  readonly client: Client;
  readonly namespace: string;
  private readonly native: NativeConnection;
  private readonly rogue: Rogue;
  private readonly polling: Rogue[] = [];
  /** a codec like the real one, with a key that he made up */
  private readonly codec: EncryptionCodec;

  private constructor(client: Client, native: NativeConnection, rogue: Rogue) {
    this.client = client;
    this.namespace = client.options.namespace;
    this.native = native;
    this.rogue = rogue;
    const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
    this.codec = new EncryptionCodec({ keys, namespace: this.namespace });
  }

  static async connect(address: string, namespace: string): Promise<Attacker> {
    const logger = new DefaultLogger('ERROR', () => {});
    Runtime.install({
      logger,
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
    });
    const client = new Client({ connection: await Connection.connect({ address }), namespace });
    const native = await NativeConnection.connect({ address });
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('./rogue-workflows.ts', import.meta.url)),
      ...CONVERTER_PATHS,
      logger,
    });
    const rogue = await startRogue(native, namespace, 'rogue', { code });
    return new Attacker(client, native, rogue);
  }

  async close(): Promise<void> {
    await this.withdraw();
    await this.rogue.stop();
    await this.native.close();
    await this.client.connection.close();
  }

  /** A worker of his own on queues of Gatehouse. */
  async pollWorkflows(): Promise<Rogue> {
    const queue = taskQueue(PREFIX, 'workflows');
    return this.noted(await startRogue(this.native, this.namespace, queue, this.rogue.bundle));
  }

  async pollActivities(queue: QueueName, activities: object): Promise<Rogue> {
    const worker = await Worker.create({
      connection: this.native,
      namespace: this.namespace,
      taskQueue: taskQueue(PREFIX, queue),
      activities,
      dataConverter: CONVERTER_PATHS,
    });
    return this.noted(running(worker, this.rogue.bundle));
  }

  /** His workers on queues of Gatehouse are gone, whatever became of the test that started them. */
  async withdraw(): Promise<void> {
    await Promise.all(this.polling.splice(0).map((rogue) => rogue.stop()));
  }

  private noted(rogue: Rogue): Rogue {
    this.polling.push(rogue);
    return rogue;
  }

  /** Schedules activities of Gatehouse straight on a real queue, from a workflow of his own, past every gate. */
  async attempt(attempt: Attempt): Promise<AttemptResult> {
    return this.client.workflow.execute<(attempt: Attempt) => Promise<AttemptResult>>('attempt', {
      workflowId: `rogue/${randomUUID()}`,
      taskQueue: 'rogue',
      args: [attempt],
    });
  }

  /** Starts a workflow of Gatehouse by hand. */
  async startByHand(type: string, workflowId: string, ...args: readonly unknown[]): Promise<WorkflowHandle> {
    return this.client.workflow.start(type, {
      workflowId,
      taskQueue: taskQueue(PREFIX, 'workflows'),
      args: [...args],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  }

  async terminate(workflowId: string): Promise<void> {
    await this.client.workflow.getHandle(workflowId).terminate('by the attacker');
  }

  async signal(workflowId: string, value: unknown, name = 'decision'): Promise<void> {
    await this.signalRaw(workflowId, [defaultPayloadConverter.toPayload(value)], name);
  }

  async signalRaw(workflowId: string, payloads: readonly Payload[], signalName = 'decision'): Promise<void> {
    await this.client.workflowService.signalWorkflowExecution({
      namespace: this.namespace,
      workflowExecution: { workflowId },
      signalName,
      requestId: randomUUID(),
      identity: 'attacker',
      input: { payloads: [...payloads] },
    });
  }

  /** A value encrypted as Gatehouse does it, with a key that he made up under a name of his choice. */
  async encrypted(value: unknown, workflowId: string): Promise<Payload> {
    const [payload] = await this.codec.encode([defaultPayloadConverter.toPayload(value)], {
      type: 'workflow',
      namespace: this.namespace,
      workflowId,
    });
    if (payload === undefined) throw new Error('nothing was encoded');
    return payload;
  }

  /** Completes a pending activity by its id, with a result that he made up. @returns when the server has taken it */
  async forge(workflowId: string, activityType: string, result: unknown): Promise<void> {
    const { runId, activityId } = await this.pending(workflowId, activityType);
    await this.client.workflowService.respondActivityTaskCompletedById({
      namespace: this.namespace,
      workflowId,
      runId,
      activityId,
      identity: 'attacker',
      result: { payloads: [defaultPayloadConverter.toPayload(result)] },
    });
  }

  /** Waits until a run of this name exists: a request is accepted before its workflow is started. */
  async started(workflowId: string): Promise<WorkflowHandle> {
    const handle = this.client.workflow.getHandle(workflowId);
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        await handle.describe();
        return handle;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError) || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    }
  }

  /** Waits until a run has an activity of this type open. */
  async pending(workflowId: string, activityType: string): Promise<{ runId: string; activityId: string }> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const run = await this.client.workflowService
        .describeWorkflowExecution({ namespace: this.namespace, execution: { workflowId } })
        .catch(() => undefined);
      const open = run?.pendingActivities.find((activity) => activity.activityType?.name === activityType);
      const runId = run?.workflowExecutionInfo?.execution?.runId;
      if (open?.activityId && runId) return { runId, activityId: open.activityId };
      if (Date.now() > deadline) {
        const there = run?.pendingActivities.map((activity) => activity.activityType?.name).join(', ');
        throw new Error(`${workflowId} has no ${activityType} pending, but ${there || 'nothing'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** Waits until a run has ended, however it ended: he could not read with what. */
  async ended(workflowId: string): Promise<void> {
    await this.client.workflow
      .getHandle(workflowId)
      .result()
      .catch(() => undefined);
  }

  /** Sends a run back to its first workflow task. @returns id of the new run */
  async resetToStart(workflowId: string): Promise<string> {
    const handle = this.client.workflow.getHandle(workflowId);
    const { events } = await handle.fetchHistory();
    const first = (events ?? []).find((event) => event.workflowTaskCompletedEventAttributes);
    const { runId } = await handle.describe();
    const answer = await this.client.workflowService.resetWorkflowExecution({
      namespace: this.namespace,
      workflowExecution: { workflowId, runId },
      reason: 'by the attacker',
      requestId: randomUUID(),
      workflowTaskFinishEventId: first?.eventId ?? null,
    });
    return answer.runId;
  }
}

/** A worker of the attacker's. */
export interface Rogue {
  readonly bundle: { readonly code: string };
  stop(): Promise<void>;
}

async function startRogue(
  connection: NativeConnection,
  namespace: string,
  queue: string,
  bundle: { readonly code: string },
): Promise<Rogue> {
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: queue,
    workflowBundle: bundle,
    dataConverter: CONVERTER_PATHS,
  });
  return running(worker, bundle);
}

function running(worker: Worker, bundle: { readonly code: string }): Rogue {
  const ended = worker.run();
  let stopped = false;
  return {
    bundle,
    async stop() {
      if (!stopped) worker.shutdown();
      stopped = true;
      await ended;
    },
  };
}
