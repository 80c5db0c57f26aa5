/**
 * Where attacks take place: one whole installation, with its workers as processes of their own so that each can be taken away,
 * and what tests look at: effects at the systems and alarms in the ledger.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseOptions, type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import type { RunningProcess } from '../../sandbox/stack/processes.js';
import type { AlarmName, AnyEntry, LedgerEntry } from '../../src/domain/ledger.js';
import { currentPlan, type RequestRecord } from '../../src/domain/record.js';
import type { QueueName } from '../../src/domain/task-queues.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgApiLedger } from '../../src/ledger/pg-api.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { recordOf } from '../../src/ledger/record.js';
import { sharedParts } from '../support/stack.js';
import { Attacker } from './attacker.js';

/** Long enough for a worker that starts on a busy machine. */
export const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 100;

/** A point in time: what came before it is none of an attack's doing. */
export interface Mark {
  readonly seq: number;
  readonly events: Readonly<Record<string, number>>;
}

/** What an attack is about. */
export interface Attacked {
  readonly requestId: string;
}

export interface StageParts<W extends string> {
  /** queues of each worker process */
  readonly workers: Readonly<Record<W, readonly QueueName[]>>;
  /** systems whose objects are counted */
  readonly watched: readonly string[];
  /** effects that are nobody's doing, e.g. what controllers do by themselves; matched against `effect object` */
  readonly byThemselves: RegExp;
}

/** Starts a stack without workers, and the attacker beside it. */
export async function openStage(
  options: GatehouseOptions,
): Promise<{ readonly stack: GatehouseStack; readonly attacker: Attacker }> {
  const stack = await startGatehouse({
    ...options,
    ...(await sharedParts('hostile')),
    without: ['worker'],
  });
  return { stack, attacker: await Attacker.connect(stack.temporal.address, stack.namespace) };
}

export class HostileStage<W extends string> {
  readonly stack: GatehouseStack;
  readonly api: ExampleApi;
  readonly attacker: Attacker;
  /** the ledger by the API's login: what a test reads, and what a thief of that login could write */
  readonly ledger: PgApiLedger;
  readonly workerLedger: PgWorkerLedger;
  private readonly databases: readonly LedgerDatabase[];
  private readonly systems: ReadonlyMap<string, ControlClient>;
  private readonly parts: StageParts<W>;
  private readonly workers = new Map<W, RunningProcess<unknown>>();
  private startedWorkers = 0;

  constructor(stack: GatehouseStack, attacker: Attacker, parts: StageParts<W>) {
    this.stack = stack;
    this.attacker = attacker;
    this.parts = parts;
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
    this.systems = new Map(parts.watched.map((name) => [name, new ControlClient(stack.address(name), ca)]));
  }

  async close(): Promise<void> {
    await this.attacker.close();
    await Promise.all(this.databases.map((database) => database.close()));
    await this.stack.dispose();
  }

  async start(name: W): Promise<void> {
    if (this.workers.has(name)) return;
    this.workers.set(
      name,
      await this.stack.startWorker({
        queues: this.parts.workers[name],
        name: `${name}-${++this.startedWorkers}`,
      }),
    );
  }

  /** What an attack took away is there again. */
  async startAll(): Promise<void> {
    await Promise.all(namesOf(this.parts.workers).map((name) => this.start(name)));
  }

  async stop(...names: readonly W[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        await this.workers.get(name)?.stop();
        this.workers.delete(name);
      }),
    );
  }

  worker(name: W): RunningProcess<unknown> {
    const worker = this.workers.get(name);
    if (worker === undefined) throw new Error(`the worker ${name} does not run`);
    return worker;
  }

  /** A stand-in whose objects are counted. */
  control(system: string): ControlClient {
    const control = this.systems.get(system);
    if (control === undefined) throw new Error(`nobody watches ${system}`);
    return control;
  }

  async mark(): Promise<Mark> {
    const events = await Promise.all(
      this.parts.watched.map(async (name) => [name, (await this.events(name, 0)).at(-1)?.seq ?? 0] as const),
    );
    return { seq: (await this.ledger.head()).seq, events: Object.fromEntries(events) };
  }

  /** Effects at the systems since a mark, as `system: effect object`. */
  async effectsSince(mark: Mark): Promise<readonly string[]> {
    const found = await Promise.all(
      this.parts.watched.map(async (name) =>
        (await this.events(name, mark.events[name] ?? 0)).flatMap(({ effect, object }) =>
          effect === undefined || this.parts.byThemselves.test(`${effect} ${object ?? ''}`)
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
    bait: Attacked | null,
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
  async expectRefusalAndNoEffect(mark: Mark, reason: string, bait: Attacked): Promise<void> {
    await this.eventually(`a refusal ${reason}`, async () =>
      (await this.entriesSince(mark)).find(
        (entry) =>
          entry.type === 'call.refused' && entry.requestId === bait.requestId && entry.body.reason === reason,
      ),
    );
    expect(await this.effectsSince(mark)).toEqual([]);
  }

  async record({ requestId }: Attacked): Promise<RequestRecord> {
    const record = recordOf(await this.ledger.entriesOf(requestId));
    if (record === null) throw new Error(`the ledger does not know ${requestId}`);
    return record;
  }

  async plan(bait: Attacked): Promise<NonNullable<ReturnType<typeof currentPlan>>> {
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

  async events(name: string, after: number): Promise<readonly SandboxEvent[]> {
    return await this.control(name).events(after);
  }
}

function namesOf<W extends string>(workers: Readonly<Record<W, unknown>>): readonly W[] {
  const isName = (key: string): key is W => key in workers;
  return Object.keys(workers).filter(isName);
}
