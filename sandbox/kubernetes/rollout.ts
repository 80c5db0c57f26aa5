/** What the controllers and kubelets of a cluster write when a Deployment rolls out, or does not. */
import { createHash, randomUUID } from 'node:crypto';
import type { ObjectKey, ObjectStore, Recorder } from './object-store.js';
import { isLoose, type Loose } from './objects.js';
import { resourceOf } from './resources.js';

export interface Cluster {
  readonly store: ObjectStore;
  readonly record: Recorder;
}

/** An image as it was pulled: `imageId` ends with the digest that runs. */
export interface PulledImage {
  readonly image: string;
  readonly imageId: string;
}

/** The Deployment runs these images now; pods of the ReplicaSet before are gone. */
export function rolledOut(cluster: Cluster, key: ObjectKey, images: readonly PulledImage[]): void {
  const object = cluster.store.get(key);
  if (object === null) return;
  const replicas = replicasOf(object);
  pods(cluster, key, object, images, replicas);
  const status = upStatus(object.metadata.generation, replicas);
  cluster.store.replace(key, { ...object, status }, cluster.record);
}

/** The Deployment does not come up: the pods before still run, and its deadline is over. */
export function stuck(cluster: Cluster, key: ObjectKey): void {
  const object = cluster.store.get(key);
  if (object === null) return;
  const status = stuckStatus(object.metadata.generation, replicasOf(object));
  cluster.store.replace(key, { ...object, status }, cluster.record);
}

/** Images of a Deployment, as its manifest names them. */
export function imagesOf(deployment: Loose): readonly string[] {
  const spec = podTemplateOf(deployment).spec;
  const containers = isLoose(spec) && Array.isArray(spec.containers) ? spec.containers : [];
  return containers.filter(isLoose).map(({ image }) => (typeof image === 'string' ? image : ''));
}

/** The manifest of an object on top of what is there: status and what a server keeps stay. */
export function applied(live: Loose | null, manifest: Loose): Loose {
  if (live === null) return manifest;
  const kept = live.status === undefined ? {} : { status: live.status };
  return { ...manifest, ...kept, metadata: { ...metadataOf(live), ...metadataOf(manifest) } };
}

export function metadataOf(object: Loose): Loose {
  return isLoose(object.metadata) ? object.metadata : {};
}

function pods(
  { store, record }: Cluster,
  key: ObjectKey,
  object: Loose,
  images: readonly PulledImage[],
  replicas: number,
): void {
  const resource = resourceOf('pods');
  const text = images.map(({ image, imageId }) => `${image} ${imageId}`).join();
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const names = Array.from({ length: replicas }, (_, index) => `${key.name}-${hash}-${index}`);
  const isOfIt = new RegExp(`^${key.name}-[0-9a-f]{8}-\\d+$`);
  for (const { key: podKey } of store.list(key.cluster, resource)) {
    if (podKey.namespace !== key.namespace || !isOfIt.test(podKey.name)) continue;
    if (!names.includes(podKey.name)) store.remove(podKey, record);
  }
  for (const name of names) {
    const podKey = { ...key, resource, name };
    if (store.get(podKey) !== null) continue;
    store.create(
      podKey,
      {
        metadata: {
          name,
          namespace: key.namespace,
          labels: { ...labelsOf(podTemplateOf(object)), 'pod-template-hash': hash },
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name: `${key.name}-${hash}`,
              uid: randomUUID(),
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
        spec: {
          containers: images.map(({ image }, index) => ({ name: containerName(object, index), image })),
        },
        status: {
          phase: 'Running',
          containerStatuses: images.map(({ image, imageId }, index) => ({
            name: containerName(object, index),
            image,
            imageID: imageId,
            ready: true,
            restartCount: 0,
            state: { running: {} },
          })),
        },
      },
      record,
    );
  }
}

function labelsOf(template: Loose): Loose {
  const { labels } = metadataOf(template);
  return isLoose(labels) ? labels : {};
}

function containerName(object: Loose, index: number): string {
  const spec = podTemplateOf(object).spec;
  const containers = isLoose(spec) && Array.isArray(spec.containers) ? spec.containers : [];
  const container: unknown = containers[index];
  return isLoose(container) && typeof container.name === 'string' ? container.name : `c${index}`;
}

function upStatus(observedGeneration: number, replicas: number): Loose {
  return {
    observedGeneration,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ],
  };
}

function stuckStatus(observedGeneration: number, replicas: number): Loose {
  return {
    observedGeneration,
    replicas: replicas + 1,
    updatedReplicas: 1,
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
  };
}

function podTemplateOf(object: Loose): Loose {
  const spec = isLoose(object.spec) ? object.spec : {};
  return isLoose(spec.template) ? spec.template : {};
}

function replicasOf(object: Loose): number {
  const spec = isLoose(object.spec) ? object.spec : {};
  return typeof spec.replicas === 'number' ? spec.replicas : 1;
}
