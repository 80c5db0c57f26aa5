/** A stack whose worker can be killed at any call that it makes. */
import { readFileSync } from 'node:fs';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseOptions, type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import type { RunningProcess } from '../../sandbox/stack/processes.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgAuditorLedger } from '../../src/ledger/pg-chain.js';

/** Systems that workers call; people's sign-in is not among them. */
export const CALLED_SYSTEMS = [
  'otterize',
  'directory',
  'key-vault',
  'gitlab',
  'kubernetes',
  'tickets',
  'mail',
  'harbor',
  'servicenow',
  'checks',
] as const;
export type CalledSystem = (typeof CALLED_SYSTEMS)[number];

/** Loaded into the worker: its calls say which run and activity make them, nothing else changes. */
export const LABEL_CALLS = { NODE_OPTIONS: `--import=${new URL('./label-calls.mjs', import.meta.url).href}` };

export class CrashStack {
  readonly stack: GatehouseStack;
  readonly api: ExampleApi;
  /** asked for progress: the API counts calls */
  readonly ledger: PgAuditorLedger;
  readonly #database: LedgerDatabase;
  readonly #controls: ReadonlyMap<string, ControlClient>;
  readonly #start: (stack: GatehouseStack) => Promise<RunningProcess<unknown>>;
  readonly #ownsStack: boolean;
  #worker: RunningProcess<unknown> | undefined;

  private constructor(
    stack: GatehouseStack,
    startWorker: (stack: GatehouseStack) => Promise<RunningProcess<unknown>>,
    ownsStack: boolean,
  ) {
    this.#ownsStack = ownsStack;
    const ca = readFileSync(stack.address('caFile'), 'utf8');
    this.stack = stack;
    this.#database = new LedgerDatabase({
      connectionString: stack.ledgerUrl('auditor'),
      applicationName: 'crash-check',
    });
    this.ledger = new PgAuditorLedger(this.#database);
    this.api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    this.#controls = new Map(
      CALLED_SYSTEMS.map((name) => [name, new ControlClient(stack.address(name), ca)]),
    );
    this.#start = startWorker;
  }

  /** Starts everything with brisk timing: a killed worker is noticed in seconds. */
  static async start(options: GatehouseOptions): Promise<CrashStack> {
    const stack = await startGatehouse({
      ...options,
      without: ['worker'],
      installation: { timing: 'brisk', stabilisationMs: 0, ...options.installation },
    });
    const crash = new CrashStack(stack, (it) => it.startWorker({ env: LABEL_CALLS }), true);
    await crash.startWorker();
    return crash;
  }

  /** The same stack with another worker process to kill; the one of this is ended. */
  async withWorker(
    startWorker: (stack: GatehouseStack) => Promise<RunningProcess<unknown>>,
  ): Promise<CrashStack> {
    await this.#worker?.stop();
    const other = new CrashStack(this.stack, startWorker, false);
    await other.startWorker();
    return other;
  }

  control(system: string): ControlClient {
    const control = this.#controls.get(system);
    if (control === undefined) throw new Error(`workers call no system ${system}`);
    return control;
  }

  async startWorker(): Promise<void> {
    this.#worker = await this.#start(this.stack);
  }

  /** `kill -9` of the worker process. @returns when, in milliseconds since 1970 */
  async killWorker(): Promise<number> {
    const worker = this.#worker;
    if (worker === undefined) throw new Error('no worker runs');
    worker.kill('SIGKILL');
    const at = Date.now();
    await worker.ended;
    return at;
  }

  async freshWorker(): Promise<void> {
    await this.#worker?.stop();
    await this.startWorker();
  }

  /** Events of all systems. @param after numbers of the last known events, by system */
  async events(after: ReadonlyMap<string, number> = new Map()): Promise<readonly SandboxEvent[]> {
    const lists = await Promise.all(
      [...this.#controls].map(([name, control]) => control.events(after.get(name) ?? 0)),
    );
    return lists.flat();
  }

  /** Numbers of the newest events, by system. */
  async lastEvents(): Promise<ReadonlyMap<string, number>> {
    const last = new Map<string, number>();
    for (const { system, seq } of await this.events()) last.set(system, Math.max(seq, last.get(system) ?? 0));
    return last;
  }

  async held(): Promise<readonly string[]> {
    const lists = await Promise.all([...this.#controls.values()].map((control) => control.held()));
    return lists.flat().map((held) => held.id);
  }

  /** Takes all holds away; only called when nobody is held any more. */
  async removeFaults(): Promise<void> {
    await Promise.all([...this.#controls.values()].map((control) => control.removeFaults()));
  }

  /** Ends what this made; the stack too, if this started it. */
  async dispose(): Promise<void> {
    await this.#database.close();
    if (this.#ownsStack) await this.stack.dispose();
  }
}
