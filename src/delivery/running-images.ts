/** What the workloads of a place run now, by digest: for whoever must know it before anything is changed. Reads only. */
import type { Delivery, Place } from '../domain/promotion/path.js';
import type { RunningImage } from '../domain/promotion/running.js';
import { containersOf } from '../systems/kubernetes/workload.js';
import {
  digestIn,
  podsOfWorkload,
  type RunningContainer,
  runningContainers,
} from '../systems/kubernetes/workload-pods.js';
import type { WorkloadRef } from '../systems/kubernetes/workloads.js';
import { workloadsOfApplication } from './application-resources.js';
import type { WatchedClusters } from './shared-clusters.js';
import { workloadsIn } from './workload-check.js';

/**
 * Every container of every workload that the deliveries of a place name; where they name none, of those that Argo CD or Flux
 * has applied for it.
 * @returns an empty list when there is no workload, or it does not exist
 * @throws SystemError, kind `forbidden` without the right to read workloads and pods
 */
export async function runningImages(
  { deliveries }: Pick<Place, 'deliveries'>,
  clusters: WatchedClusters,
  signal?: AbortSignal,
): Promise<readonly RunningImage[]> {
  const found: RunningImage[] = [];
  for (const delivery of deliveries) {
    const refs =
      delivery.workloads.length > 0 ? delivery.workloads : await appliedBy(delivery, clusters, signal);
    for (const ref of refs) found.push(...(await runningIn(delivery.cluster, ref, clusters, signal)));
  }
  return found;
}

async function runningIn(
  cluster: string,
  ref: WorkloadRef,
  clusters: WatchedClusters,
  signal: AbortSignal | undefined,
): Promise<readonly RunningImage[]> {
  const { kind, namespace, name } = ref;
  const reader = clusters.workloadsOf(cluster);
  const workload = await reader.read(ref, signal);
  if (workload === null) return [];
  const containers = containersOf(workload);
  // a spec with the digest leaves the kubelet no choice, and no right to list pods is needed
  const isOpen = containers.some(({ image }) => digestIn(image) === undefined);
  const pods = isOpen ? podsOfWorkload(kind, workload, await reader.podsOf(workload, namespace, signal)) : [];
  const pulled = runningContainers(pods);
  return containers.map((container) => ({
    cluster,
    workload: `${kind} ${namespace}/${name}`,
    container: container.name,
    asked: container.image,
    digests: digestsOf(container, pulled),
  }));
}

function digestsOf(
  { name, image }: { readonly name: string; readonly image: string },
  pulled: readonly RunningContainer[],
): readonly string[] {
  const asked = digestIn(image);
  if (asked !== undefined) return [asked];
  return pulled.filter(({ container }) => container === name).map(({ digest }) => digest);
}

async function appliedBy(
  delivery: Delivery,
  clusters: WatchedClusters,
  signal: AbortSignal | undefined,
): Promise<readonly WorkloadRef[]> {
  const { connection, namespace } = delivery;
  if (delivery.kind === 'argocd') {
    const applications = clusters.applicationsOf({ connection, namespace });
    const application = await applications.read(delivery.application, signal);
    return application === null ? [] : workloadsOfApplication(application).workloads;
  }
  const flux = clusters.fluxOf(connection);
  const own = await flux.kustomization({ namespace, name: delivery.kustomization }, signal);
  const inventories = [own.object?.status?.inventory];
  for (const release of delivery.helmReleases) {
    const ref = { namespace: release.namespace ?? namespace, name: release.name };
    inventories.push((await flux.helmRelease(ref, signal)).object?.status?.inventory);
  }
  return inventories.flatMap((inventory) => workloadsIn(inventory?.entries ?? []).workloads);
}
