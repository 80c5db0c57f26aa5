/** The scene of attacks on fleets: people ask for one cluster each, and the attacker wants its organisation made. */
import { expect } from 'vitest';
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import type { Cluster } from '../../sandbox/world.js';
import { type QueueName, taskQueue } from '../../src/domain/task-queues.js';
import { uniqueName } from '../support/stack.js';
import { PREFIX } from './attacker.js';
import { HostileStage, type Mark, openStage, PATIENCE_MS } from './hostile-stage.js';

/** Every request takes a cluster of its own, so that no test finds the work of another. */
const CLUSTERS = 60;

export const WORKERS = {
  workflows: ['workflows'],
  ledger: ['ledger', 'plan', 'notifications'],
  systems: ['otterize', 'gitlab', 'argocd', 'external-secrets'],
} as const satisfies Readonly<Record<string, readonly QueueName[]>>;
export type WorkerName = keyof typeof WORKERS;

/** A request with one cluster, and the names that an attacker needs. */
export interface Bait {
  readonly requestId: string;
  readonly target: string;
  readonly cluster: Cluster;
  readonly fleetId: string;
  readonly clusterId: string;
}

export class Scene extends HostileStage<WorkerName> {
  private usedClusters = 0;

  static async open(): Promise<Scene> {
    const { stack, attacker } = await openStage({
      clusters: CLUSTERS,
      installation: { timing: 'brisk', stabilisationMs: 0, replanAfterMs: 3_600_000 },
    });
    const scene = new Scene(stack, attacker, {
      workers: WORKERS,
      watched: ['otterize', 'key-vault', 'gitlab'],
      // agents in clusters report
      byThemselves: /^\S+ components of/,
    });
    await scene.startAll();
    return scene;
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
}
