/** What must run after a delivery: by the plan in force and the commit that landed, both from the ledger. */

import type { HeldFile } from '../../delivery/gitlab-history.js';
import type { SystemName } from '../../domain/failure.js';
import { parseImage } from '../../domain/image-reference.js';
import type { Delivery } from '../../domain/promotion/path.js';
import type { PlacePlan, PromotionPlan } from '../../domain/promotion/plan.js';
import { PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import type { ImageByDigest } from '../../systems/kubernetes/workload-state.js';
import { effectRefused } from '../errors.js';
import type { PlaceGuard } from '../guard/select-place.js';
import type { DeliveryRef } from '../promotion-contracts.js';

export interface ProvenDelivery {
  readonly delivery: Delivery;
  readonly system: SystemName;
  /** for people, e.g. `application argocd/shop on prod-eu` */
  readonly object: string;
  readonly project: string;
  /** the landed commit */
  readonly commit: string;
  readonly files: readonly HeldFile[];
  readonly images: readonly ImageByDigest[];
  readonly everyWorkload: boolean;
  readonly charts: ReadonlyMap<string, string>;
}

/** @throws StepFailed `EffectRefused` when the ledger does not hold the commit, or the request has no such delivery */
export async function wantedOf(
  { guard }: { readonly guard: PlaceGuard },
  input: DeliveryRef,
): Promise<ProvenDelivery> {
  const { verified, target, whole } = await guard.permitted(input);
  const delivery = target.deliveries.find(({ name }) => name === input.delivery);
  const place = whole.promotion?.places.find((one) => one.place === target.key);
  if (delivery === undefined || whole.promotion === undefined || place === undefined) {
    throw effectRefused(
      input.target,
      `the plan in force has no delivery ${input.delivery}`,
      'Start requests through the API',
    );
  }
  const object = input.revert ? PROMOTION_OBJECT.revert : PROMOTION_OBJECT.merge;
  const { commit } = await guard.readBackOf(verified.record, input, object);
  if (typeof commit !== 'string') {
    throw effectRefused(input.target, 'the ledger holds no commit of the change', 'Retry the place');
  }
  return {
    delivery,
    ...namesOf(delivery),
    project: target.project,
    commit,
    files: place.files.map(({ path, before, after }) => ({
      path,
      sha256: input.revert ? before : after,
    })),
    ...(input.revert ? NOTHING_KNOWN : contentOf(whole.promotion, place, delivery)),
  };
}

type Content = Pick<ProvenDelivery, 'images' | 'everyWorkload' | 'charts'>;

/** Of what ran before only the files are known: revision and roll-out are the proof. */
const NOTHING_KNOWN: Content = { images: [], everyWorkload: false, charts: new Map() };

/** What its pods must run, and its HelmReleases have deployed. */
export function contentOf({ release }: PromotionPlan, place: PlacePlan, delivery: Delivery): Content {
  const rendered = place.images.flatMap((text) => parseImage(text) ?? []);
  const images = release.images.map(({ repository, digest }) => ({ name: repository, digest }));
  const brought = images.filter(({ name }) => rendered.some(({ repository }) => repository === name));
  // Argo CD's list of images has them as manifests name them, so there only a digest can be found
  const pinned = brought.filter(({ digest }) => rendered.some((one) => one.digest === digest));
  const hasCharts = delivery.kind === 'flux' && delivery.helmReleases.length > 0;
  return {
    images: delivery.kind === 'argocd' && delivery.workloads.length === 0 ? pinned : images,
    // what a chart brings is not among what was rendered
    everyWorkload: brought.length > 0 && !hasCharts,
    charts: new Map(release.charts.map(({ name, version }) => [name, version])),
  };
}

/** Which system brings it, and how it is called for people. */
export function namesOf(delivery: Delivery): Pick<ProvenDelivery, 'system' | 'object'> {
  const { kind, namespace, cluster } = delivery;
  return kind === 'argocd'
    ? { system: 'argocd', object: `application ${namespace}/${delivery.application} on ${cluster}` }
    : { system: 'flux', object: `kustomization ${namespace}/${delivery.kustomization} on ${cluster}` };
}
