/** Promotions of services into production around the activities of a promotion; each test takes a service of its own. */
import {
  directoryOf,
  PROD_PROJECT,
  seedServices,
  serviceNames,
  servicePathsText,
} from '../../../bench/promotion/services.js';
import { shopPromotionText } from '../../../sandbox/stack/promotion-files.js';
import { makeWorld } from '../../../sandbox/world.js';
import type { PromotionRequest } from '../../../src/domain/request.js';
import { expandPromotion } from '../../../src/manifests/expand-promotion.js';
import { readManifests } from '../../../src/manifests/read.js';
import { canonicalJson, digest } from '../../../src/security/canonical.js';
import { newId } from '../../ledger/fixtures.js';
import { type AskOptions, EffectStage, openParts, type Subject } from './effect-stage.js';

const GATE = 'owner';

export class PromotionEffectStage extends EffectStage {
  readonly #services: readonly string[];
  readonly #unused: string[];

  private constructor(parts: Awaited<ReturnType<typeof openParts>>, services: readonly string[]) {
    super(parts, GATE);
    this.#services = services;
    this.#unused = [...services];
  }

  /** @param count how many requests the tests of the file make at most */
  static async open(count: number): Promise<PromotionEffectStage> {
    const world = makeWorld({ clusters: 2 });
    const services = serviceNames(count);
    const parts = await openParts(world, {
      stabilisationMs: 0,
      path: servicePathsText(services, () => ({ changeRecord: true, onFailure: 'rollback' })),
    });
    const stage = new PromotionEffectStage(parts, services);
    await stage.seed();
    return stage;
  }

  async ask(options: AskOptions = {}): Promise<Subject> {
    const service = options.untouched === true ? this.#services.at(-1) : this.#unused.shift();
    if (service === undefined) throw new RangeError('Open the stage with more services.');
    const request = await this.accept(service);
    const { requestId } = request;
    await this.run('plan', 'planPromotion', { requestId });
    await this.agree(request, options);
    return { requestId, target: placeOf(service) };
  }

  /**
   * Dev runs one version, production the one before. All at once and before the first plan: lists of Applications are shared for
   * a second, in which one that has just been made is not there.
   */
  private async seed(): Promise<void> {
    const address = (name: string): string => this.standIns.addresses[name] ?? '';
    await seedServices({ world: this.world, address }, this.#services, { dev: '1.1.0', prod: '1.0.0' });
  }

  unnamed(): string {
    return placeOf(this.#services[0] ?? '');
  }

  workflowIdOf(requestId: string): string {
    return `promotion/${requestId}`;
  }

  /** A request as intake accepts it; nothing is planned yet. */
  async accept(service: string): Promise<PromotionRequest> {
    const requestId = newId();
    const text = shopPromotionText({}, service);
    const [promotion] = readManifests([{ file: 'promotion.yaml', text }]).promotions;
    const path = this.files.pathFor(service);
    if (promotion === undefined || path === undefined) throw new Error('no promotion or no path');
    const content = expandPromotion(promotion, path.manifest, path.digest);
    const { application, environment, owners } = content;
    const policy = this.files.policyFor({ kind: 'Promotion', application, environment, owners });
    if (policy === undefined) throw new Error('no policy');
    const request: PromotionRequest = {
      version: 1,
      kind: 'Promotion',
      requestId,
      workflowId: this.workflowIdOf(requestId),
      requester: { kind: 'person', id: await this.personId('emil') },
      policy: { name: policy.metadata.name, digest: digest(canonicalJson(policy)) },
      contentHash: digest(canonicalJson(content)),
      content,
      acceptedAt: new Date().toISOString(),
    };
    return await this.keep(request, policy);
  }

  /** An operator's command, as the API records it. */
  async command({ requestId }: Subject, command: 'cancel' | 'rollback'): Promise<void> {
    await this.ledger.api.recordCommand(
      requestId,
      { commandId: newId('cmd'), command, targets: [], by: { kind: 'person', id: 'p-olga' } },
      { kind: 'command', payload: '{}' },
    );
  }

  /** What production's branch says of the workload of a service. */
  async production({ target }: Subject): Promise<string> {
    const [service = ''] = target.split('/');
    const path = `${directoryOf(service)}/deployment.yaml`;
    return (
      (await this.systems.gitlab.readFile({ project: PROD_PROJECT, branch: 'main', path }))?.content ?? ''
    );
  }
}

function placeOf(service: string): string {
  return `${service}/prod/prod`;
}
