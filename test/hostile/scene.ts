/**
 * Where all attacks take place: one whole installation, with its workers as three processes so that each can be taken away,
 * and what tests look at: effects at the systems and alarms in the ledger.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import type { RunningProcess } from '../../sandbox/stack/processes.js';
import type { Cluster } from '../../sandbox/world.js';
import type { AlarmName, AnyEntry, LedgerEntry } from '../../src/domain/ledger.js';
import { currentPlan, type RequestRecord } from '../../src/domain/record.js';
import { type QueueName, taskQueue } from '../../src/domain/task-queues.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgApiLedger } from '../../src/ledger/pg-api.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { recordOf } from '../../src/ledger/record.js';
import { sharedTemporal, uniqueName, workflowBundle } from '../support/stack.js';
import { Attacker, PREFIX } from './attacker.js';

/** Every request takes a cluster of its own, so that no test finds the work of another. */
const CLUSTERS = 60;
/** Systems whose objects are counted. */
const WATCHED = ['otterize', 'key-vault', 'gitlab'] as const;
/** Long enough for a worker that starts on a busy machine. */
const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 100;

export const WORKERS = {
  workflows: ['workflows'],
  ledger: ['ledger', 'plan', 'notifications'],
  systems: ['otterize', 'gitlab', 'argocd', 'external-secrets'],
} as const satisfies Readonly<Record<string, readonly QueueName[]>>;
export type WorkerName = keyof typeof WORKERS;

/** A point in time: what came before it is none of an attack's doing. */
export interface Mark {
  readonly seq: number;
  readonly events: Readonly<Record<string, number>>;
}

/** A request with one cluster, and the names that an attacker needs. */
export interface Bait {
  readonly requestId: string;
  readonly target: string;
  readonly cluster: Cluster;
  readonly fleetId: string;
  readonly clusterId: string;
}

export class Scene {
  readonly stack: GatehouseStack;
  readonly api: ExampleApi;
  readonly attacker: Attacker;
  /** the ledger by the API's login: what a test reads, and what a thief of that login could write */
  readonly ledger: PgApiLedger;
  readonly workerLedger: PgWorkerLedger;
  private readonly databases: readonly LedgerDatabase[];
  private readonly systems: ReadonlyMap<string, ControlClient>;
  private readonly workers = new Map<WorkerName, RunningProcess<unknown>>();
  private usedClusters = 0;
  private startedWorkers = 0;

  private constructor(stack: GatehouseStack, attacker: Attacker) {
    this.stack = stack;
    this.attacker = attacker;
    this.api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    const database = (role: 'api' | 'worker'): LedgerDatabase =>
      new LedgerDatabase({
        connectionString: stack.ledgerUrl(role),
        applicationName: `test-${role}`,
        poolSize: 2,
      });
    const [api, worker] = [database('api'), database('worker')];
    this.databases = [api, worker];
    this.ledger = new PgApiLedger(api);
    this.workerLedger = new PgWorkerLedger(worker);
    const ca = readFileSync(stack.address('caFile'), 'utf8');
    this.systems = new Map(WATCHED.map((name) => [name, new ControlClient(stack.address(name), ca)]));
  }

  static async open(): Promise<Scene> {
    const stack = await startGatehouse({
      clusters: CLUSTERS,
      temporal: await sharedTemporal(),
      namespace: uniqueName('hostile'),
      workflowBundle: (await workflowBundle()).codePath,
      installation: { timing: 'brisk', stabilisationMs: 0, replanAfterMs: 3_600_000 },
      without: ['worker'],
    });
    const attacker = await Attacker.connect(stack.temporal.address, stack.namespace);
    const scene = new Scene(stack, attacker);
    await scene.startAll();
    return scene;
  }

  async close(): Promise<void> {
    await this.attacker.close();
    await Promise.all(this.databases.map((database) => database.close()));
    await this.stack.dispose();
  }

  async start(name: WorkerName): Promise<void> {
    if (this.workers.has(name)) return;
    this.workers.set(
      name,
      await this.stack.startWorker({ queues: WORKERS[name], name: `${name}-${++this.startedWorkers}` }),
    );
  }

  /** What an attack took away is there again. */
  async startAll(): Promise<void> {
    await Promise.all([this.start('workflows'), this.start('ledger'), this.start('systems')]);
  }

  async stop(...names: readonly WorkerName[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        await this.workers.get(name)?.stop();
        this.workers.delete(name);
      }),
    );
  }

  worker(name: WorkerName): RunningProcess<unknown> {
    const worker = this.workers.get(name);
    if (worker === undefined) throw new Error(`the worker ${name} does not run`);
    return worker;
  }

  /** Ada asks for one cluster. Nobody has decided; the gates need not be open yet. */
  async ask(): Promise<Bait> {
    const cluster = this.stack.world.clusters[this.usedClusters++];
    if (cluster === undefined) throw new Error('all clusters are used: raise CLUSTERS');
    const name = uniqueName(`${cluster.name}-${cluster.stage}`);
    const requestId = await this.api.request(
      fleetText(this.stack.world, { name, clusters: [cluster], groups: [] }),
    );
    return {
      requestId,
      cluster,
      target: `${cluster.name}/${cluster.stage}`,
      fleetId: `fleet/otterize/${name}`,
      clusterId: `cluster/otterize/${cluster.name}-${cluster.stage}`,
    };
  }

  /** Ada has asked, and people are asked. */
  async askAndOpen(): Promise<Bait> {
    const bait = await this.ask();
    await this.opened(bait);
    return bait;
  }

  async opened({ requestId }: Bait): Promise<void> {
    await this.api.until(
      requestId,
      ({ gates }) => gates.length > 0 && gates.every(({ state }) => state === 'open'),
      PATIENCE_MS,
    );
  }

  async approveProcurement({ requestId }: Bait): Promise<void> {
    await this.api.decide('ben', requestId, 'procurement', 'approve', exampleEvidence('procurement', 1));
  }

  async approveDataProtection({ requestId }: Bait): Promise<void> {
    await this.api.decide(
      'chi',
      requestId,
      'data-protection',
      'approve',
      exampleEvidence('data-protection', 1),
    );
  }

  async approve(bait: Bait): Promise<void> {
    await this.approveProcurement(bait);
    await this.approveDataProtection(bait);
  }

  /** Waits for the good end, and counts what was made since a mark: every object of the cluster once, and nothing else. */
  async expectDoneOnce(mark: Mark, { requestId, cluster }: Bait): Promise<void> {
    const status = await this.api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS * 2);
    expect(status.status, status.message).toBe('done');
    const name = `${cluster.name}-${cluster.stage}`;
    const made = (await this.effectsSince(mark)).map((effect) => effect.replace(/ [0-9a-f]{40}$/, ''));
    expect([...made].sort()).toEqual(
      [
        'gitlab: created commit platform/clusters main',
        `key-vault: created secret ${cluster.vault}/otterize-cloud-client-id`,
        `key-vault: created secret ${cluster.vault}/otterize-cloud-client-secret`,
        `otterize: created environment ${name} of ${name}`,
        `otterize: created integration ${name} of ${name}`,
        ...['ada.lovelace', 'dora.jaeger-mueller'].map(
          (person) => `otterize: created invite ${person}@${this.stack.world.domain} to ${name}`,
        ),
        `otterize: created organization ${name}`,
      ].sort(),
    );
  }

  async mark(): Promise<Mark> {
    const events = await Promise.all(
      WATCHED.map(async (name) => [name, (await this.events(name, 0)).at(-1)?.seq ?? 0] as const),
    );
    return { seq: (await this.ledger.head()).seq, events: Object.fromEntries(events) };
  }

  /** Effects at the systems since a mark, as `system: effect object`. */
  async effectsSince(mark: Mark): Promise<readonly string[]> {
    const found = await Promise.all(
      WATCHED.map(async (name) =>
        (await this.events(name, mark.events[name] ?? 0)).flatMap(({ effect, object }) =>
          // agents in clusters report by themselves
          effect === undefined || object?.startsWith('components of') === true
            ? []
            : [`${name}: ${effect} ${object ?? ''}`],
        ),
      ),
    );
    return found.flat();
  }

  async entriesSince(mark: Mark): Promise<readonly AnyEntry[]> {
    return this.ledger.entriesAfter(mark.seq, 5_000);
  }

  /**
   * The proof of every attack: an alarm of this name stands in the ledger, and nothing changed at any system.
   * @returns the alarm
   */
  async expectAlarmAndNoEffect(
    mark: Mark,
    alarm: AlarmName,
    bait: Pick<Bait, 'requestId'> | null,
    detail: RegExp = /./,
  ): Promise<LedgerEntry<'alarm.raised'>> {
    const found = await this.eventually(`an alarm ${alarm} (${detail.source})`, async () =>
      (await this.entriesSince(mark)).find(
        (entry): entry is LedgerEntry<'alarm.raised'> & { type: 'alarm.raised' } =>
          entry.type === 'alarm.raised' &&
          entry.requestId === (bait?.requestId ?? null) &&
          entry.body.alarm === alarm &&
          detail.test(entry.body.detail),
      ),
    );
    expect(await this.effectsSince(mark)).toEqual([]);
    return found;
  }

  /** An audited refusal of the API, and nothing changed at any system. */
  async expectRefusalAndNoEffect(mark: Mark, reason: string, bait: Bait): Promise<void> {
    await this.eventually(`a refusal ${reason}`, async () =>
      (await this.entriesSince(mark)).find(
        (entry) =>
          entry.type === 'call.refused' && entry.requestId === bait.requestId && entry.body.reason === reason,
      ),
    );
    expect(await this.effectsSince(mark)).toEqual([]);
  }

  /**
   * The attacker schedules the effect that begins every onboarding straight at the real worker.
   * @param more whatever else he puts into the input
   * @returns `done`, or the type of the failure
   */
  async attemptOrganisation(
    { requestId, target }: Pick<Bait, 'requestId' | 'target'>,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<string | undefined> {
    const [outcome] = await this.attacker.attempt({
      queue: taskQueue(PREFIX, 'otterize'),
      activities: [{ name: 'ensureOrganisation', input: { requestId, target, ...more } }],
    });
    return outcome;
  }

  async record({ requestId }: Pick<Bait, 'requestId'>): Promise<RequestRecord> {
    const record = recordOf(await this.ledger.entriesOf(requestId));
    if (record === null) throw new Error(`the ledger does not know ${requestId}`);
    return record;
  }

  async plan(bait: Pick<Bait, 'requestId'>): Promise<NonNullable<ReturnType<typeof currentPlan>>> {
    const plan = currentPlan(await this.record(bait));
    if (plan === undefined) throw new Error(`${bait.requestId} has no plan`);
    return plan;
  }

  /** Asks until there is an answer. */
  async eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`${what} did not come in ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async events(name: (typeof WATCHED)[number], after: number): Promise<readonly SandboxEvent[]> {
    return (await this.systems.get(name)?.events(after)) ?? [];
  }
}
