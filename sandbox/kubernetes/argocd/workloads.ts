/** The Deployments that Argo CD applies, and the controllers and kubelets that roll them out. */
import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import type { ObjectKey, ObjectStore, Recorder } from '../object-store.js';
import { isLoose, type Loose } from '../objects.js';
import { resourceOf } from '../resources.js';
import type { Application } from './application.js';
import type { RepositoryMirror } from './repository-mirror.js';

/** An image with this word in its name never starts: `ImagePullBackOff`. */
const NEVER_STARTS = /bad/;
const PULLED = /@(sha256:[0-9a-f]{64})$/;

export interface WorkloadOptions {
  readonly store: ObjectStore;
  readonly record: Recorder;
  readonly mirrorOf: (url: string) => RepositoryMirror;
}

/**
 * Deployments of plain manifests only; what needs kustomize or Helm is not rendered here. Images are pulled by their name:
 * one with a digest runs with that digest, one by tag with a digest made from its name.
 */
export class Workloads {
  readonly #options: WorkloadOptions;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Writes the specs of a commit's Deployments; what runs is still what ran before. */
  async apply(app: Application, commit: string): Promise<void> {
    for (const { key, object } of await this.#deployments(app, commit)) {
      const live = this.#options.store.get(key);
      if (live === null) this.#options.store.create(key, object, this.#options.record);
      else {
        const { status } = live;
        const kept = status === undefined ? {} : { status };
        const wanted = { ...object, ...kept, metadata: { ...live.metadata, ...metadataOf(object) } };
        this.#options.store.replace(key, wanted, this.#options.record);
      }
    }
  }

  /**
   * Rolls out what is applied.
   * @returns the images that run, and whether all of them do
   */
  rollOut(app: Application): { readonly images: readonly string[]; readonly isUp: boolean } {
    const cluster = app.spec.destination.name ?? '';
    const namespace = app.spec.destination.namespace ?? 'default';
    let isUp = true;
    const images: string[] = [];
    for (const { key, object } of this.#options.store.list(cluster, resourceOf('deployments'))) {
      if (key.namespace !== namespace) continue;
      const wanted = imagesOf(object);
      const starts = wanted.every((image) => !NEVER_STARTS.test(image));
      isUp &&= starts;
      const replicas = replicasOf(object);
      const generation = object.metadata.generation;
      if (starts) {
        images.push(...wanted);
        this.#pods(key, object, wanted, replicas);
      }
      const status = starts ? upStatus(generation, replicas) : stuckStatus(generation, replicas);
      this.#options.store.replace(key, { ...object, status }, this.#options.record);
    }
    return { images, isUp };
  }

  async #deployments(
    app: Application,
    commit: string,
  ): Promise<readonly { readonly key: ObjectKey; readonly object: Loose }[]> {
    const { source, destination } = app.spec;
    if (source === undefined) return [];
    const texts = await this.#options.mirrorOf(source.repoURL).texts(commit, source.path ?? '.');
    const resource = resourceOf('deployments');
    return texts
      .flatMap((text) => parseAllDocuments(text).map((document): unknown => document.toJS()))
      .filter(isLoose)
      .filter(({ kind }) => kind === 'Deployment')
      .map((object) => {
        const meta = metadataOf(object);
        const namespace = textOf(meta.namespace) || (destination.namespace ?? 'default');
        return {
          key: { cluster: destination.name ?? '', resource, namespace, name: textOf(meta.name) },
          object: { ...object, metadata: { ...meta, namespace } },
        };
      });
  }

  #pods(key: ObjectKey, object: Loose, images: readonly string[], replicas: number): void {
    const { store, record } = this.#options;
    const resource = resourceOf('pods');
    const hash = createHash('sha256').update(images.join()).digest('hex').slice(0, 8);
    const names = Array.from({ length: replicas }, (_, index) => `${key.name}-${hash}-${index}`);
    for (const { key: podKey } of store.list(key.cluster, resource)) {
      if (podKey.namespace !== key.namespace || !podKey.name.startsWith(`${key.name}-`)) continue;
      if (!names.includes(podKey.name)) store.remove(podKey, record);
    }
    for (const name of names) {
      const podKey = { ...key, resource, name };
      if (store.get(podKey) !== null) continue;
      store.create(
        podKey,
        {
          metadata: { name, namespace: key.namespace, labels: labelsOf(object) },
          spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) },
          status: {
            phase: 'Running',
            containerStatuses: images.map((image, index) => ({
              name: `c${index}`,
              image,
              imageID: imageIdOf(image),
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
}

function imageIdOf(image: string): string {
  if (PULLED.test(image)) return image;
  const digest = createHash('sha256').update(image).digest('hex');
  return `${image.replace(/:[^/:]*$/, '')}@sha256:${digest}`;
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

function imagesOf(object: Loose): readonly string[] {
  const spec = podTemplateOf(object).spec;
  const containers = isLoose(spec) && Array.isArray(spec.containers) ? spec.containers : [];
  return containers.filter(isLoose).map(({ image }) => textOf(image));
}

function labelsOf(object: Loose): unknown {
  return metadataOf(podTemplateOf(object)).labels;
}

function replicasOf(object: Loose): number {
  const spec = isLoose(object.spec) ? object.spec : {};
  return typeof spec.replicas === 'number' ? spec.replicas : 1;
}

function metadataOf(object: Loose): Loose {
  return isLoose(object.metadata) ? object.metadata : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
