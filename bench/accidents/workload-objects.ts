/** Workloads and pods as their controllers and kubelets write them, for the accidents. */
import type { WrittenObject } from './accident.js';

export const IMAGE = 'registry.example.com/shop/web';
export const DIGEST = `sha256:${'4'.repeat(64)}`;
export const OLD_DIGEST = `sha256:${'5'.repeat(64)}`;

export function deployment(
  name: string,
  image: string,
  status: object = {},
  spec: object = {},
): WrittenObject {
  return {
    plural: 'deployments',
    namespace: 'shop',
    name,
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: { spec: { containers: [{ name: 'web', image }] } },
      ...spec,
    },
    status: (generation: number) => ({
      observedGeneration: generation,
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      ...status,
    }),
  };
}

interface PodStory {
  /** what its container was asked to run, and what was pulled for it */
  readonly image?: string;
  readonly imageID: string;
  readonly phase?: string;
  readonly container?: string;
  /** undefined: a ReplicaSet of the Deployment; null: nobody */
  readonly owner?: { readonly kind: string; readonly name: string } | null;
}

/** A pod with the labels of a Deployment. */
export function pod(name: string, app: string, story: PodStory): WrittenObject {
  const { image = `${IMAGE}:1.5.0`, imageID, phase = 'Running', container = 'web' } = story;
  const owner = story.owner === undefined ? { kind: 'ReplicaSet', name: `${app}-5f7b` } : story.owner;
  const isOfSet = owner?.kind === 'ReplicaSet';
  return {
    plural: 'pods',
    namespace: 'shop',
    name,
    labels: { app, ...(isOfSet ? { 'pod-template-hash': owner.name.split('-').at(-1) ?? '' } : {}) },
    ...(owner === null
      ? {}
      : { owners: [{ apiVersion: isOfSet ? 'apps/v1' : 'batch/v1', ...owner, uid: '1', controller: true }] }),
    spec: { containers: [{ name: container, image }] },
    status: () => ({
      phase,
      containerStatuses: [{ name: container, image, imageID, ready: phase === 'Running', restartCount: 0 }],
    }),
  };
}
