import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { isLoose, type Loose } from '../../sandbox/kubernetes/objects.js';
import type { KubeClient } from '../../sandbox/real/kube-client.js';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';
import { type Files, GitProject } from './git-project.js';
import { Pipeline, type Waited } from './pipeline.js';
import { realCluster } from './real-cluster.js';

const NAMESPACE = 'argocd';
const IN_CLUSTER = 'https://kubernetes.default.svc';

/** Parts of the spec of an Application that tests choose. */
export interface ApplicationOptions {
  readonly project?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** default: automated, with pruning and self-heal, and no retry */
  readonly syncPolicy?: Loose;
}

const AUTOMATED = { automated: { prune: true, selfHeal: true }, retry: { limit: 0 } };

/** A real Argo CD, the repository that it reads, and a pipeline that waits for it. */
export class ArgoCdWorld {
  readonly client: KubeClient;
  readonly git: GitProject;
  readonly pipeline: Pipeline;
  readonly #made: Loose[] = [];

  private constructor(client: KubeClient, git: GitProject, pipeline: Pipeline) {
    this.client = client;
    this.git = git;
    this.pipeline = pipeline;
  }

  /** Where there is no Argo CD the test counts as not run. */
  static async open(context: Pick<TestContext, 'skip'>): Promise<ArgoCdWorld> {
    realComponent(context, 'argocd', 'REAL_ARGOCD_ADDR');
    const client = await realCluster(context);
    const git = await GitProject.start();
    const pipeline = await Pipeline.make(client);
    await pipeline.allowIn(NAMESPACE);
    const world = new ArgoCdWorld(client, git, pipeline);
    await world.#make({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: uniqueName('repository'),
        namespace: NAMESPACE,
        labels: { 'argocd.argoproj.io/secret-type': 'repository' },
      },
      stringData: { type: 'git', url: git.url, ...git.login },
    });
    return world;
  }

  /**
   * Makes an Application of some files, in a folder and a namespace of its name, and waits until they are proven to run.
   * @returns the commit that runs
   */
  async deploy(name: string, files: Files, options: ApplicationOptions = {}): Promise<string> {
    const commit = await this.push(name, files);
    await this.create(name, options);
    const waited = await this.waitRefreshing(name, commit);
    if (waited.code !== 0) throw new Error(`${name} does not run at the start: ${waited.said}`);
    return commit;
  }

  /** Makes an Application of the folder of its name. */
  async create(name: string, options: ApplicationOptions = {}): Promise<void> {
    await this.#make({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await this.pipeline.allowIn(name);
    await this.#make({
      ...reference(name),
      metadata: {
        ...reference(name).metadata,
        ...(options.labels === undefined ? {} : { labels: options.labels }),
      },
      spec: {
        project: options.project ?? 'default',
        source: { repoURL: this.git.url, path: name, targetRevision: 'main' },
        destination: { server: IN_CLUSTER, namespace: name },
        syncPolicy: options.syncPolicy ?? AUTOMATED,
      },
    });
  }

  /** Somebody commits files into the folder of an Application. @returns the commit */
  push(name: string, files: Files): Promise<string> {
    return this.git.commit(
      Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])),
    );
  }

  wait(name: string, revision: string, ...args: readonly string[]): Promise<Waited> {
    return this.pipeline.wait('--application', name, '--revision', revision, ...args);
  }

  waitRefreshing(name: string, revision: string, ...args: readonly string[]): Promise<Waited> {
    return this.pipeline.waitRefreshing('--application', name, '--revision', revision, ...args);
  }

  /** As Argo CD stores it. */
  async application(name: string): Promise<Loose> {
    return (await this.client.read(reference(name))) ?? {};
  }

  /** Asks for a comparison, as a webhook or Argo CD's page would. */
  async refresh(name: string): Promise<void> {
    await this.merge(name, { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } });
  }

  /**
   * Asks until a comparison is of a later second than the end of the last sync: one of the same second may have begun before
   * it, and counts for nothing. By itself Argo CD compares again after two to three minutes.
   */
  async compareLater(name: string): Promise<void> {
    // a sync that heals may begin in between, so each look judges by the sync that it sees
    const deadline = Date.now() + 60_000;
    for (;;) {
      const status = await this.until(name, (seen) => !isSyncing(seen));
      const finished = Date.parse(String(inside(status, 'operationState', 'finishedAt')));
      if (Date.parse(String(status.reconciledAt)) >= finished + 1_000) return;
      if (Date.now() > deadline) throw new Error(`${name} was not compared after its last sync`);
      if (Date.now() > finished + 2_000) await this.refresh(name);
      await sleep(500);
    }
  }

  async merge(name: string, patch: Loose): Promise<void> {
    await this.client.merge(reference(name), patch);
  }

  /** Syncs by hand, as a person in Argo CD's page does, and waits for the end. */
  async sync(name: string, sync: Loose): Promise<void> {
    const before = inside(await this.application(name), 'status', 'operationState', 'startedAt');
    await this.merge(name, { operation: { initiatedBy: { username: 'somebody' }, sync } });
    await this.client.until(reference(name), (object) => {
      const state = inside(object, 'status', 'operationState');
      const isNewer = inside(state, 'startedAt') !== before;
      return isNewer && inside(object, 'operation') === undefined && inside(state, 'phase') !== 'Running';
    });
  }

  /** Waits until Argo CD has written what is expected. */
  async until(name: string, isSo: (status: Loose) => boolean, timeoutMs = 60_000): Promise<Loose> {
    const found = await this.client.until(
      reference(name),
      (object) => isLoose(object?.status) && isSo(object.status),
      timeoutMs,
    );
    return isLoose(found?.status) ? found.status : {};
  }

  /** An AppProject that allows everything, with sync windows. */
  async project(name: string, syncWindows: readonly Loose[]): Promise<void> {
    await this.#make({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name, namespace: NAMESPACE },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
        syncWindows,
      },
    });
  }

  async close(): Promise<void> {
    for (const object of this.#made.reverse()) await this.client.remove(object);
    await this.pipeline.remove();
    this.client.close();
    await this.git.close();
  }

  async #make(object: Loose): Promise<void> {
    await this.client.apply(object);
    this.#made.push(object);
  }
}

function isSyncing(status: Loose): boolean {
  return inside(status, 'operationState', 'phase') === 'Running';
}

function reference(name: string) {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: NAMESPACE },
  };
}

/** What a wait for "Synced and Healthy" would be content with. */
export function isSyncedAndHealthy(object: Loose): boolean {
  return inside(object, 'status', 'sync', 'status') === 'Synced' && healthOf(object) === 'Healthy';
}

export function healthOf(object: Loose): unknown {
  return inside(object, 'status', 'health', 'status');
}

/** The value at a path of fields, undefined where there is none. */
export function inside(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const field of path) value = isLoose(value) ? value[field] : undefined;
  return value;
}
