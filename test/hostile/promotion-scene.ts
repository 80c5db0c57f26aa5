/** The scene of attacks on promotions: people ask for one service each, and the attacker wants production changed. */
import { expect } from 'vitest';
import {
  directoryOf,
  PROD_PROJECT,
  seedServices,
  serviceFiles,
  serviceNames,
  servicePathsText,
} from '../../bench/promotion/services.js';
import { filesOf } from '../../bench/repositories/git-content.js';
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import { workflowIdOf } from '../../src/domain/request.js';
import { type QueueName, taskQueue } from '../../src/domain/task-queues.js';
import { PREFIX } from './attacker.js';
import { HostileStage, type Mark, openStage, PATIENCE_MS } from './hostile-stage.js';

/** Every request takes a service of its own, so that no test finds the work of another. */
const SERVICES = 24;

export const PROMOTION_WORKERS = {
  workflows: ['workflows'],
  ledger: ['ledger', 'plan', 'notifications'],
  systems: ['gitlab', 'registry', 'change-records', 'verification'],
  delivery: ['delivery'],
} as const satisfies Readonly<Record<string, readonly QueueName[]>>;
export type PromotionWorkerName = keyof typeof PROMOTION_WORKERS;

/** A request for one service, and the names that an attacker needs. */
export interface PromotionBait {
  readonly requestId: string;
  readonly service: string;
  /** key of its only place */
  readonly target: string;
  readonly promotionId: string;
  readonly placeId: string;
}

/** What an attacker schedules: an activity, on its queue. */
export interface Scheduled {
  readonly queue: QueueName;
  readonly activity: string;
  /** What its input names beside the request; default: the place. */
  readonly about?: 'place' | 'environment' | 'request';
  readonly input?: Readonly<Record<string, unknown>>;
}

export class PromotionScene extends HostileStage<PromotionWorkerName> {
  private usedServices = 0;

  static async open(): Promise<PromotionScene> {
    const services = serviceNames(SERVICES);
    const { stack, attacker } = await openStage({
      clusters: 2,
      installation: {
        timing: 'brisk',
        stabilisationMs: 0,
        path: servicePathsText(services, () => ({ changeRecord: true, onFailure: 'rollback' })),
      },
    });
    const scene = new PromotionScene(stack, attacker, {
      workers: PROMOTION_WORKERS,
      watched: ['gitlab', 'harbor', 'servicenow', 'kubernetes'],
      // controllers and kubelets of the clusters, and the refresh that a look at them may ask for
      byThemselves: /^\S+ (?:\S+ )?(?:application|deployment|pod|replicaset)/i,
    });
    await seedServices(stack, services, { dev: '1.1.0', prod: '1.0.0' });
    await scene.startAll();
    return scene;
  }

  /** Emil asks for a service in production, and the owners are asked. */
  async askAndOpen(): Promise<PromotionBait> {
    const service = serviceNames(SERVICES)[this.usedServices++];
    if (service === undefined) throw new Error('all services are used: raise SERVICES');
    const requestId = await this.api.promote(shopPromotionText({}, service));
    await this.api.until(requestId, ({ gates }) => gates.some(({ state }) => state === 'open'), PATIENCE_MS);
    const target = `${service}/prod/prod`;
    return {
      requestId,
      service,
      target,
      promotionId: workflowIdOf.promotion(service, 'prod'),
      placeId: workflowIdOf.place(target),
    };
  }

  async approve({ requestId }: PromotionBait): Promise<void> {
    await this.api.decide('ben', requestId, 'owner', 'approve');
  }

  /** Change management agrees, too. */
  async approveChange({ requestId }: PromotionBait): Promise<void> {
    await this.control('servicenow').post('/approval', { change: requestId, approval: 'approved' });
  }

  /** Everybody has agreed, and it runs, proven. */
  async done(): Promise<PromotionBait> {
    const bait = await this.askAndOpen();
    await this.approve(bait);
    await this.approveChange(bait);
    await this.expectEnd(bait, 'done');
    return bait;
  }

  async expectEnd({ requestId }: PromotionBait, outcome: string): Promise<void> {
    const status = await this.api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS * 2);
    expect(status.status, status.message).toBe(outcome);
  }

  /** Schedules an activity straight at the real worker. @returns `done`, or the type of the failure */
  async attempt(
    { requestId, target: at, service }: PromotionBait,
    { queue, activity, about = 'place', input = {} }: Scheduled,
  ): Promise<string | undefined> {
    const target = { place: { target: at }, environment: { target: `${service}/prod` }, request: {} }[about];
    const [outcome] = await this.attacker.attempt({
      queue: taskQueue(PREFIX, queue),
      activities: [
        {
          name: activity,
          input: { requestId, ...target, ...input },
        },
      ],
    });
    return outcome;
  }

  /** What production's branch holds of a service: `before` the promotion, `after` it, or something else. */
  async production({ service }: PromotionBait): Promise<'before' | 'after' | 'something else'> {
    const folder = `${directoryOf(service)}/`;
    const files = await filesOf(this.stack, PROD_PROJECT, (path) => path.startsWith(folder));
    const holds = (version: '1.0.0' | '1.1.0'): boolean =>
      Object.entries(serviceFiles(this.stack, service, version)).every(
        ([path, text]) => files.get(path) === text,
      );
    if (holds('1.0.0')) return 'before';
    return holds('1.1.0') ? 'after' : 'something else';
  }

  /** An alarm, no effect at any system, and production is as it was. */
  async expectNothing(mark: Mark, bait: PromotionBait, detail?: RegExp): Promise<void> {
    await this.expectAlarmAndNoEffect(mark, 'effect-refused', bait, detail);
    expect(await this.production(bait)).toBe('before');
  }
}
