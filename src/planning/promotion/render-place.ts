/** A place as what its cluster would get, as its deliveries read it. */
import type { FileSet } from '../../domain/file-set.js';
import type { Place } from '../../domain/promotion/path.js';
import { chartFetcher } from '../rendering/chart-archives.js';
import { type Rendering, renderDirectory } from '../rendering/render-directory.js';
import type { PromotionSystems } from './systems.js';

/** @throws SystemError, RenderedError */
export async function renderPlace(
  files: FileSet,
  place: Place,
  { kustomize, helm, registry }: Pick<PromotionSystems, 'kustomize' | 'helm' | 'registry'>,
  charts: readonly { readonly name: string; readonly repository: string }[],
  signal?: AbortSignal,
): Promise<Rendering> {
  if (place.config === true) return { objects: [], by: 'plain files' };
  const [delivery] = place.deliveries;
  return await renderDirectory(files, place.directory, {
    kustomize,
    reader: delivery?.kind ?? 'argocd',
    recurse: place.recurse === true,
    applications: place.deliveries.flatMap((one) => (one.kind === 'argocd' ? [one.application] : [])),
    helm: {
      program: helm,
      releaseName:
        place.helm?.releaseName ?? (delivery?.kind === 'argocd' ? delivery.application : place.name),
      namespace: place.helm?.namespace ?? delivery?.workloads[0]?.namespace ?? 'default',
      valueFiles: place.helm?.valueFiles ?? [],
      dependency: registry === undefined ? undefined : chartFetcher(registry, charts, signal),
    },
    signal,
  });
}
