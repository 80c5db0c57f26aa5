/**
 * Scripted activities: each answers at once what a test says, and notes that it was asked. The workflows are the real bundle.
 * What the ledger would say of itself follows from what was noted, so that a script tells only what is special.
 */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { ACTIVITY_INTERCEPTORS } from '../../src/activities/interceptors.js';
import { UPDATE } from '../../src/domain/messages.js';
import { taskQueue } from '../../src/domain/task-queues.js';
import { uniqueName } from '../support/stack.js';

/** What an activity is asked. All of it comes from the workflow under test. */
export interface Asked {
  readonly target?: string;
  readonly delivery?: string;
  readonly outcome?: string;
  readonly reason?: string;
  readonly revert?: boolean;
  readonly command?: string;
  readonly project?: string;
}
/** @param nth how often it was asked so far, this time included */
type Answer = (asked: Asked, nth: number) => unknown;

const MADE = { outcome: 'created', readBack: {} };
const SEEN = { readBack: {} };
const NOTHING = undefined;
/** Activities of each queue, with what they say unless the script says otherwise. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  plan: {
    planFleet: { state: 'planned', epoch: 1, message: 'planned' },
    confirmPlan: { state: 'confirmed', epoch: 1 },
    planPromotion: { state: 'planned', epoch: 1, message: 'planned' },
    confirmPromotion: { state: 'confirmed', epoch: 1 },
    listProductionRefs: [],
    judgeRef: { state: 'judged', strays: 0 },
  },
  otterize: {
    ensureOrganisation: MADE,
    ensureInvites: MADE,
    ensureEnvironment: MADE,
    ensureIntegration: MADE,
    waitForConnected: SEEN,
  },
  gitlab: {
    ensureValues: MADE,
    ensureMergeRequest: MADE,
    ensureMerge: MADE,
    ensureRevert: MADE,
    closeMergeRequest: NOTHING,
  },
  argocd: { waitForSync: SEEN },
  'external-secrets': { waitForExternalSecret: SEEN },
  registry: { ensureTags: MADE },
  'change-records': { ensureChangeRecord: MADE, ensureChangeRecordEnd: MADE },
  delivery: {
    readReadiness: { state: 'ready', clause: 'nothing is in the way' },
    waitForDelivery: SEEN,
    confirmDelivery: { state: 'holds', message: 'it holds' },
    startShadow: { plannedAtMs: 0, places: [] },
    forecast: NOTHING,
    lookForContent: { hasArrived: true },
    followDelivery: NOTHING,
  },
  verification: { runChecks: { state: 'passed', message: 'all passed' } },
  notifications: { notifyGate: NOTHING, notifyRequest: NOTHING, tellOfStrays: { told: 0 } },
  ledger: {
    reportUnreadableInput: NOTHING,
    confirmCommand: { confirmed: true },
    advanceGates: { state: 'passed', message: 'all gates have passed', notices: [] },
    readTargetEnd: {},
    closeTarget: NOTHING,
    passSoak: NOTHING,
    holdEnvironment: NOTHING,
    startPlace: { deliveries: ['argo'], checks: 0, soakMs: 0 },
  },
};
const LEDGER_BY_NOTES = ['startRollout', 'startPromotion', 'readProposals', 'closeRequest'] as const;

export interface Request {
  /** keys of targets */
  readonly targets: readonly string[];
  readonly maxInFlight?: number;
  readonly waves?: readonly (number | `${number}%`)[];
  readonly maxFailures?: number;
  readonly watchMs?: number;
  readonly onFailure?: 'rollback' | 'hold';
}

export class Script {
  /** what was asked, in its order: `ensureMerge shop/prod/eu` */
  readonly calls: string[] = [];
  readonly #answers = new Map<string, Answer>();
  readonly #counts = new Map<string, number>();
  readonly #ended = new Map<string, string>();
  readonly #merged = new Set<string>();
  readonly #commands = new Set<string>();
  readonly #runs: { readonly workflowId: string }[] = [];
  #request: Request = { targets: [] };
  readonly #prefix = uniqueName('script');
  readonly #env: TestWorkflowEnvironment;
  #workers: readonly Worker[] = [];
  #running: Promise<unknown> = Promise.resolve();

  private constructor(env: TestWorkflowEnvironment) {
    this.#env = env;
  }

  /** Starts workers of all queues. Call `close` at the end. */
  static async start(
    env: TestWorkflowEnvironment,
    workflowBundle: NonNullable<WorkerOptions['workflowBundle']>,
  ): Promise<Script> {
    const script = new Script(env);
    const common = { connection: env.nativeConnection, namespace: 'default' };
    const workers = [
      await Worker.create({ ...common, workflowBundle, taskQueue: taskQueue(script.#prefix, 'workflows') }),
    ];
    for (const [queue, names] of Object.entries(DEFAULTS)) {
      const all = queue === 'ledger' ? [...Object.keys(names), ...LEDGER_BY_NOTES] : Object.keys(names);
      const activities = Object.fromEntries(
        all.map((name) => [name, (asked: Asked = {}) => script.#answer(name, names[name], asked)]),
      );
      workers.push(
        await Worker.create({
          ...common,
          taskQueue: `${script.#prefix}-${queue}`,
          activities,
          interceptors: { activity: ACTIVITY_INTERCEPTORS },
        }),
      );
    }
    script.#workers = workers;
    script.#running = Promise.all(workers.map((worker) => worker.run()));
    return script;
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.shutdown();
    await this.#running;
  }

  /** The clock is common to all runs: what still waits would wake in the next test. */
  async end(): Promise<void> {
    for (const { workflowId } of this.#runs.splice(0)) {
      await this.#env.client.workflow
        .getHandle(workflowId)
        .terminate('the test is over')
        .catch(() => undefined);
    }
  }

  /** A new test: nothing was asked, and everything answers as always. */
  begin(request: Request): void {
    this.#request = request;
    this.calls.length = 0;
    for (const notes of [this.#answers, this.#counts, this.#ended]) notes.clear();
    for (const notes of [this.#merged, this.#commands]) notes.clear();
  }

  on(name: string, answer: Answer): void {
    this.#answers.set(name, answer);
  }

  /** Starts a run. */
  async run(workflowType: string, args: readonly unknown[]) {
    const handle = await this.#env.client.workflow.start(workflowType, {
      workflowId: uniqueName('run'),
      taskQueue: taskQueue(this.#prefix, 'workflows'),
      args: [...args],
    });
    this.#runs.push(handle);
    return handle;
  }

  /** A command as the API gives it: it stands in the ledger, then the run is told. */
  async command(
    handle: { executeUpdate(name: string, options: { args: [unknown] }): Promise<unknown> },
    command: keyof typeof UPDATE,
    targets: readonly string[] = [],
  ): Promise<unknown> {
    this.#commands.add(command);
    const commandId = uniqueName(command);
    return await handle.executeUpdate(UPDATE[command], { args: [{ commandId, targets }] });
  }

  /** How often something was asked. */
  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** What was asked of these activities, in its order. */
  only(...names: readonly string[]): readonly string[] {
    return this.calls.filter((call) => names.includes(call.split(' ')[0] ?? ''));
  }

  async #answer(name: string, known: unknown, asked: Asked): Promise<unknown> {
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    const { target, outcome, project } = asked;
    this.calls.push([name, target ?? project, outcome].filter((word) => word !== undefined).join(' '));
    const scripted = this.#answers.get(name);
    const answer =
      scripted === undefined ? (this.#byNotes(name, asked) ?? known) : await scripted(asked, nth);
    if (name === 'ensureMerge' && target !== undefined) this.#merged.add(target);
    if (name === 'closeTarget' && target !== undefined && outcome !== undefined)
      this.#ended.set(target, outcome);
    return answer ?? this.#byNotes(name, asked) ?? known;
  }

  #byNotes(name: string, { reason }: Asked): unknown {
    const { targets, maxInFlight = 1, waves = [], maxFailures = 0, watchMs = 0 } = this.#request;
    const keys = targets.map((key) => ({ key, cluster: key, stage: 'prod' }));
    const ended = Object.fromEntries([...this.#ended].filter(([, outcome]) => outcome !== 'cancelled'));
    const start = { maxInFlight, targets: keys, ended, paused: false, held: [] };
    switch (name) {
      case 'startRollout':
        return { ...start, service: 'otterize' };
      case 'startPromotion':
        return {
          ...start,
          application: 'shop',
          environment: 'prod',
          waves,
          maxFailures,
          watchMs,
          onFailure: this.#request.onFailure ?? 'hold',
          rollingBack: this.#commands.has('rollback'),
          merged: [...this.#merged].map((key) => ({ key })),
          deliveries: Object.fromEntries(targets.map((key) => [key, ['argo']])),
        };
      case 'readProposals':
        return { environment: 'shop/prod', changeRecord: true, places: targets };
      case 'closeRequest':
        return { state: 'ended', outcome: 'done', message: reason };
      default:
        return undefined;
    }
  }
}
