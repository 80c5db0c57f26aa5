import { randomUUID } from 'node:crypto';
import type { ObjectKey, ObjectStore, Recorder } from '../object-store.js';
import { resourceOf } from '../resources.js';
import type { Behaviour, KubernetesSettings } from '../state.js';
import {
  type Application,
  automatedOperation,
  autoSyncOf,
  type Health,
  type Observation,
  type Operation,
  REFRESH_ANNOTATION,
  withComparison,
  withCondition,
  withDeployments,
  withHealth,
  withImages,
  withOperation,
  withOperationFinished,
  withOperationRunning,
  withRefreshDone,
} from './application.js';
import { FetchFailed, type RepositoryMirror } from './repository-mirror.js';
import type { Workloads } from './workloads.js';

/** Wait before Git is asked again after it could not be reached. */
const FETCH_RETRY_MS = 1_000;
/** Parts of the time from the start of a sync to Healthy at which it is applied, and at which pods begin to start. */
const APPLIED_AT = 0.5;
const PROGRESSING_AT = 0.6;

export interface ControllerOptions {
  readonly store: ObjectStore;
  readonly record: Recorder;
  readonly settings: () => KubernetesSettings;
  /** content that was applied last, by name of the Application; kept on disk */
  readonly live: Record<string, string>;
  readonly mirrorOf: (url: string) => RepositoryMirror;
  readonly isApplication: (object: unknown) => object is Application;
  /** an error that is a mistake in the stand-in */
  readonly onError: (error: unknown) => void;
  readonly workloads: Workloads;
  /** an operation was completed and its resources are up */
  readonly onDeployed: (application: Application) => void;
}

interface Work {
  dirty: boolean;
  running: boolean;
  health: NodeJS.Timeout[];
  poll: NodeJS.Timeout | undefined;
  pollDue: boolean;
}

/**
 * Argo CD's application controller: compares with real commits when asked or when its own time has come, syncs by itself
 * what is out of sync, and lets health follow.
 */
export class ApplicationController {
  readonly #options: ControllerOptions;
  readonly #work = new Map<string, Work>();
  readonly #sleeping = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #stopped = false;
  #busy = new Set<Promise<void>>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.onChange(({ key, type }) => {
      if (key.resource.plural === 'applications' && type !== 'DELETED') this.#wake(key);
    });
  }

  /** Takes up where it stopped: running operations, health on its way, own looks at Git. */
  start(cluster: string): void {
    for (const { key, object } of this.#options.store.list(cluster, resourceOf('applications'))) {
      if (!this.#options.isApplication(object)) continue;
      if (object.status?.health?.status === 'Progressing') this.#planHealth(key, 0);
      this.#planPoll(key);
      this.#wake(key, object.status?.sync === undefined);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    for (const work of this.#work.values()) {
      clearTimeout(work.poll);
      for (const timer of work.health) clearTimeout(timer);
    }
    for (const wake of [...this.#sleeping]) wake();
    await Promise.allSettled([...this.#busy]);
  }

  #workOf(key: ObjectKey): Work {
    const known = this.#work.get(key.name);
    if (known !== undefined) return known;
    const made: Work = { dirty: false, running: false, health: [], poll: undefined, pollDue: false };
    this.#work.set(key.name, made);
    return made;
  }

  #wake(key: ObjectKey, poll = false): void {
    if (this.#stopped || this.#behaviourOf(key).scripted === true) return;
    const work = this.#workOf(key);
    work.dirty = true;
    work.pollDue ||= poll;
    if (work.running) return;
    work.running = true;
    const done = this.#run(key, work)
      .catch(this.#options.onError)
      .finally(() => {
        work.running = false;
        this.#busy.delete(done);
        if (work.dirty) this.#wake(key);
      });
    this.#busy.add(done);
  }

  async #run(key: ObjectKey, work: Work): Promise<void> {
    while (work.dirty && !this.#stopped) {
      work.dirty = false;
      const app = this.#read(key);
      if (app === null) return;
      if (app.operation !== undefined) await this.#operate(key, app.operation);
      else if (app.metadata.annotations?.[REFRESH_ANNOTATION] !== undefined || work.pollDue) {
        work.pollDue = false;
        await this.#compare(key);
        work.dirty = true;
      }
    }
  }

  #read(key: ObjectKey): Application | null {
    const object = this.#options.store.get(key);
    return object !== null && this.#options.isApplication(object) ? object : null;
  }

  /** Changes the newest version of the object, as the controller's patches do. */
  #write(key: ObjectKey, change: (app: Application) => Application): Application | null {
    const app = this.#read(key);
    if (app === null || this.#stopped) return app;
    const written = this.#options.store.replace(key, change(app), this.#options.record);
    return this.#options.isApplication(written) ? written : null;
  }

  /** A refresh at the level "latest": with what Git has now. A request that comes meanwhile is lost, as in the original. */
  async #compare(key: ObjectKey): Promise<void> {
    const startedAt = new Date();
    const app = this.#read(key);
    const source = app?.spec.source;
    if (app === null || source === undefined) return;
    let seen: Observation;
    try {
      seen = await this.#options
        .mirrorOf(source.repoURL)
        .observe(source.targetRevision ?? 'HEAD', source.path ?? '.');
    } catch (error) {
      if (!(error instanceof FetchFailed)) throw error;
      // the old status stays and looks current; only the condition tells
      const message = `Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: ${error.message}`;
      this.#write(key, (old) => withCondition(old, 'ComparisonError', message, startedAt));
      await this.#sleep(FETCH_RETRY_MS);
      this.#workOf(key).pollDue = true;
      return;
    }
    if (app.status?.sync === undefined && seen.problem === undefined) {
      await this.#options.workloads.apply(app, seen.revision);
      this.#adopt(key, seen);
    }
    const live = this.#options.live[key.name] ?? null;
    const compared = this.#write(key, (old) => withRefreshDone(withComparison(old, seen, live, startedAt)));
    if (compared === null) return;
    if (this.#workOf(key).health.length === 0 && compared.status?.sync?.status === 'Synced') {
      this.#write(key, (old) => withHealth(old, this.#healthOf(key), new Date()));
    }
    const next = autoSyncOf(compared);
    if (next.kind === 'start') {
      this.#write(key, (old) => withOperation(old, automatedOperation(next.revision)));
    } else if (next.kind === 'gave-up') {
      this.#write(key, (old) => withCondition(old, 'SyncError', next.message, new Date()));
    }
  }

  /** The example world begins with everything deployed: what Git has at the first look is what runs. */
  #adopt(key: ObjectKey, seen: Observation): void {
    this.#options.live[key.name] = seen.contentId;
    const now = new Date();
    this.#write(key, (old) => {
      const running = withOperationRunning(
        withOperation(old, automatedOperation(seen.revision)),
        seen.revision,
        now,
      );
      const message = 'successfully synced (all tasks run)';
      const { images } = this.#options.workloads.rollOut(old);
      return withHealth(
        withImages(withOperationFinished(running, 'Succeeded', message, now), images),
        'Healthy',
        now,
      );
    });
  }

  async #operate(key: ObjectKey, operation: Operation): Promise<void> {
    const app = this.#read(key);
    const source = app?.spec.source;
    if (app === null || source === undefined) return;
    const mirror = this.#options.mirrorOf(source.repoURL);
    const behaviour = this.#behaviourOf(key);
    const wholeMs = behaviour.slowMs ?? this.#options.settings().syncMs;
    let target: Observation;
    try {
      target = await mirror.observeCommit(
        operation.sync?.revision ?? source.targetRevision ?? 'HEAD',
        source.path ?? '.',
      );
    } catch (error) {
      if (!(error instanceof FetchFailed)) throw error;
      await this.#sleep(FETCH_RETRY_MS);
      this.#workOf(key).dirty = true;
      return;
    }
    this.#write(key, (old) => withOperationRunning(old, target.revision, new Date()));
    await this.#sleep(wholeMs * APPLIED_AT);
    if (this.#stopped) return;
    const { phase, message, resources } = outcomeOf(behaviour, target);
    const applied = phase === 'Succeeded' || behaviour.hookFails === true;
    if (applied) {
      this.#options.live[key.name] = target.contentId;
      const managed = await this.#options.workloads.apply(app, target.revision);
      this.#write(key, (old) => withDeployments(old, managed));
    }
    this.#write(key, (old) => withOperationFinished(old, phase, message, new Date(), resources));
    if (applied) this.#planHealth(key, wholeMs);
    // the controller compares at once after an operation, so that the status is up to date
    this.#workOf(key).pollDue = true;
    this.#workOf(key).dirty = true;
  }

  #behaviourOf(key: ObjectKey): Behaviour {
    return this.#options.settings().applications[key.name] ?? {};
  }

  #healthOf(key: ObjectKey): Health {
    const behaviour = this.#behaviourOf(key);
    if (behaviour.degraded === true) return 'Degraded';
    return behaviour.suspended === true ? 'Suspended' : 'Healthy';
  }

  /** Health after resources were applied: for a moment the old one, then Progressing, then where it ends. */
  #planHealth(key: ObjectKey, wholeMs: number): void {
    const work = this.#workOf(key);
    for (const timer of work.health) clearTimeout(timer);
    const later = (part: number, change: () => void): NodeJS.Timeout =>
      setTimeout(change, wholeMs * Math.max(0, part - APPLIED_AT));
    work.health = [
      later(PROGRESSING_AT, () => {
        this.#write(key, (old) => withHealth(old, 'Progressing', new Date()));
      }),
      later(1, () => {
        work.health = [];
        const app = this.#read(key);
        if (app === null) return;
        const { images, isUp } = this.#options.workloads.rollOut(app);
        const health = isUp ? this.#healthOf(key) : 'Degraded';
        const message = health === 'Degraded' ? 'a Deployment exceeded its progress deadline' : undefined;
        const ended = this.#write(key, (old) =>
          withHealth(isUp ? withImages(old, images) : old, health, new Date(), message),
        );
        if (ended !== null && health === 'Healthy') this.#options.onDeployed(ended);
      }),
    ];
  }

  /** False while the health of a new deployment is on its way: what the object says then is the old one's. */
  hasSettled(name: string): boolean {
    return (this.#work.get(name)?.health.length ?? 0) === 0;
  }

  #planPoll(key: ObjectKey): void {
    if (this.#stopped) return;
    const work = this.#workOf(key);
    clearTimeout(work.poll);
    // ticks are short, so that a changed setting is taken up without a restart
    let waited = 0;
    const tick = (): void => {
      const step = Math.min(this.#options.settings().pollMs, 1_000);
      work.poll = setTimeout(() => {
        waited += step;
        if (waited >= this.#options.settings().pollMs) {
          waited = 0;
          this.#wake(key, true);
        }
        if (!this.#stopped) tick();
      }, step);
    };
    tick();
  }

  /** Sync by hand, as an operator does in Argo CD's page. False when there is no such Application. */
  async syncByHand(key: ObjectKey): Promise<boolean> {
    const source = this.#read(key)?.spec.source;
    if (source === undefined) return false;
    const seen = await this.#options
      .mirrorOf(source.repoURL)
      .observe(source.targetRevision ?? 'HEAD', source.path ?? '.');
    return (
      this.#write(key, (old) =>
        withOperation(old, {
          sync: { revision: seen.revision },
          initiatedBy: { username: 'admin' },
          info: [{ name: 'Reason', value: `by hand ${randomUUID()}` }],
        }),
      ) !== null
    );
  }

  #sleep(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#sleeping.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleeping.add(wake);
    });
  }
}

function outcomeOf(
  behaviour: Behaviour,
  target: Observation,
): {
  readonly phase: 'Succeeded' | 'Failed' | 'Error';
  readonly message: string;
  readonly resources: readonly Record<string, unknown>[];
} {
  if (target.problem !== undefined) {
    return { phase: 'Error', message: `ComparisonError: ${target.problem}`, resources: [] };
  }
  const deployment = {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: 'otterize-system',
    name: 'otterize-operator',
  };
  if (behaviour.neverSyncs === true) {
    const reason = 'Deployment.apps "otterize-operator" is invalid: spec.selector: field is immutable';
    return {
      phase: 'Failed',
      message: `one or more objects failed to apply, reason: ${reason}`,
      resources: [{ ...deployment, status: 'SyncFailed', message: reason, syncPhase: 'Sync' }],
    };
  }
  const synced = {
    ...deployment,
    status: 'Synced',
    message: 'deployment.apps/otterize-operator configured',
    syncPhase: 'Sync',
  };
  if (behaviour.hookFails === true) {
    const message = 'Job has reached the specified backoff limit';
    return {
      phase: 'Failed',
      message: `one or more synchronization tasks completed unsuccessfully, reason: ${message}`,
      resources: [
        synced,
        {
          group: 'batch',
          version: 'v1',
          kind: 'Job',
          namespace: 'otterize-system',
          name: 'otterize-check',
          hookType: 'PostSync',
          hookPhase: 'Failed',
          message,
          syncPhase: 'PostSync',
        },
      ],
    };
  }
  return { phase: 'Succeeded', message: 'successfully synced (all tasks run)', resources: [synced] };
}
