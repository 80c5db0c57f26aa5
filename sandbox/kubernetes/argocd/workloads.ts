/** The Deployments that Argo CD applies, and the controllers and kubelets that roll them out. */
import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import type { ObjectKey, ObjectStore, Recorder } from '../object-store.js';
import { isLoose, type Loose } from '../objects.js';
import { resourceOf } from '../resources.js';
import { applied, imagesOf, metadataOf, rolledOut, stuck } from '../rollout.js';
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

  /**
   * Writes the specs of a commit's Deployments; what runs is still what ran before.
   * @returns their names and namespaces
   */
  async apply(
    app: Application,
    commit: string,
  ): Promise<readonly { readonly namespace: string; readonly name: string }[]> {
    const { store, record } = this.#options;
    const deployments = await this.#deployments(app, commit);
    for (const { key, object } of deployments) {
      const live = store.get(key);
      if (live === null) store.create(key, object, record);
      else store.replace(key, applied(live, object), record);
    }
    return deployments.map(({ key }) => ({ namespace: key.namespace, name: key.name }));
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
      if (starts) {
        images.push(...wanted);
        const pulled = wanted.map((image) => ({ image, imageId: imageIdOf(image) }));
        rolledOut(this.#options, key, pulled);
      } else stuck(this.#options, key);
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
}

function imageIdOf(image: string): string {
  if (PULLED.test(image)) return image;
  const digest = createHash('sha256').update(image).digest('hex');
  return `${image.replace(/:[^/:]*$/, '')}@sha256:${digest}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
