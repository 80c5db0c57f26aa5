/** All accidents, by what is waited for. */
import type { Accident } from './accident.js';
import { ARGOCD_ACCIDENTS } from './argocd.js';
import { ARGOCD_CHILD_ACCIDENTS } from './argocd-children.js';
import { ARGOCD_SOURCE_ACCIDENTS } from './argocd-sources.js';
import { DEGRADED_ACCIDENTS } from './degraded.js';
import { FLUX_ACCIDENTS } from './flux.js';
import { FLUX_ORIGIN_ACCIDENTS } from './flux-origin.js';
import { POD_ACCIDENTS } from './pods.js';

export const ACCIDENTS: Readonly<Record<string, readonly Accident[]>> = {
  'Argo CD': ARGOCD_ACCIDENTS,
  'sources of Argo CD': ARGOCD_SOURCE_ACCIDENTS,
  'Applications of Applications': ARGOCD_CHILD_ACCIDENTS,
  'Degraded releases': DEGRADED_ACCIDENTS,
  pods: POD_ACCIDENTS,
  Flux: FLUX_ACCIDENTS,
  'artifacts of Flux': FLUX_ORIGIN_ACCIDENTS,
};
