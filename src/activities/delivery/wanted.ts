/** What must run after a delivery: by the plan in force and the commit that landed, both from the ledger. */

import type { HeldFile } from '../../delivery/gitlab-history.js';
import type { SystemName } from '../../domain/failure.js';
import { parseImage } from '../../domain/image-reference.js';
import type { Change, Delivery, Place } from '../../domain/promotion/path.js';
import type { PlacePlan, PromotionPlan } from '../../domain/promotion/plan.js';
import { PROMOTION_OBJECT, type PromotionContent } from '../../domain/promotion/request.js';
import { previousPrefixes } from '../../domain/promotion/tags.js';
import { isSameRepository } from '../../domain/registry-reference.js';
import { hasOwnValues } from '../../planning/promotion/our-values.js';
import type { ImageByDigest } from '../../systems/kubernetes/workload-state.js';
import { effectRefused } from '../errors.js';
import type { PlaceGuard } from '../guard/select-place.js';
import type { DeliveryRef } from '../promotion-contracts.js';
import type { ProvenValues } from './own-values.js';

export interface ProvenDelivery {
  readonly delivery: Delivery;
  readonly system: SystemName;
  /** for people, e.g. `application argocd/shop on prod-eu` */
  readonly object: string;
  readonly project: string;
  /** the landed commit */
  readonly commit: string;
  readonly files: readonly HeldFile[];
  /** unset: whole files are ours */
  readonly values?: ProvenValues;
  /** how long it may be Degraded, in milliseconds; unset: as long as its workloads may take */
  readonly degradedMs?: number;
  readonly images: readonly ImageByDigest[];
  /** at least one of the images must be found: a change that sets images and runs none of them has done nothing */
  readonly someImage: boolean;
  readonly everyWorkload: boolean;
  readonly charts: ReadonlyMap<string, string>;
}

/** @throws StepFailed `EffectRefused` when the ledger does not hold the commit, or the request has no such delivery */
export async function wantedOf(
  { guard }: { readonly guard: PlaceGuard },
  input: DeliveryRef,
): Promise<ProvenDelivery> {
  const { verified, request, target, whole } = await guard.permitted(input);
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
    ...(request.content.rules.degradedMs === undefined
      ? {}
      : { degradedMs: request.content.rules.degradedMs }),
    ...valuesOf(request.content, target, whole.promotion, place, input.revert ? commit : undefined),
    ...(input.revert ? NOTHING_KNOWN : contentOf(whole.promotion, place, delivery, target.change)),
  };
}

/** @param takenBackAt the commit that took the release back, where that is proven */
export function valuesOf(
  { from }: Pick<PromotionContent, 'from'>,
  target: Place,
  { release }: PromotionPlan,
  { files }: PlacePlan,
  takenBackAt?: string,
): Pick<ProvenDelivery, 'values'> {
  if (!hasOwnValues(target)) return {};
  return {
    values: {
      place: target,
      release,
      prefixes: previousPrefixes(from),
      paths: new Set(files.map(({ path }) => path)),
      ...(takenBackAt === undefined ? {} : { takenBackAt }),
    },
  };
}

type Content = Pick<ProvenDelivery, 'images' | 'someImage' | 'everyWorkload' | 'charts'>;

/** Of what ran before only the files are known: revision and roll-out are the proof. */
const NOTHING_KNOWN: Content = { images: [], someImage: false, everyWorkload: false, charts: new Map() };

/** What its pods must run, and its HelmReleases have deployed. */
export function contentOf(
  { release }: PromotionPlan,
  place: PlacePlan,
  delivery: Delivery,
  change?: Change,
): Content {
  const rendered = place.images.flatMap((text) => parseImage(text) ?? []);
  const images = release.images.map(({ repository, digest }) => ({ name: repository, digest }));
  const brought = images.filter(({ name, digest }) =>
    rendered.some((one) => isSameRepository(one.repository, name) || one.digest === digest),
  );
  // Argo CD's list of images has them as manifests name them, so there only a digest can be found
  const pinned = brought.filter(({ digest }) => rendered.some((one) => one.digest === digest));
  const hasCharts = delivery.kind === 'flux' && delivery.helmReleases.length > 0;
  return {
    images: delivery.kind === 'argocd' && delivery.workloads.length === 0 ? pinned : images,
    someImage:
      delivery.workloads.length > 0 && images.length > 0 && (brought.length > 0 || setsImages(change)),
    // what a chart brings is not among what was rendered
    everyWorkload: brought.length > 0 && !hasCharts,
    charts: new Map(release.charts.map(({ name, version }) => [name, version])),
  };
}

function setsImages(change: Change | undefined): boolean {
  return change?.kind === 'edit' && change.edits.some((edit) => 'image' in edit && edit.image !== undefined);
}

/** Which system brings it, and how it is called for people. */
export function namesOf(delivery: Delivery): Pick<ProvenDelivery, 'system' | 'object'> {
  const { kind, namespace, cluster } = delivery;
  return kind === 'argocd'
    ? { system: 'argocd', object: `application ${namespace}/${delivery.application} on ${cluster}` }
    : { system: 'flux', object: `kustomization ${namespace}/${delivery.kustomization} on ${cluster}` };
}
