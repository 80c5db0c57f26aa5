/** Workloads among rendered objects and the images that they run. */
import { type Fields, fieldsAt, listAt, textAt } from './data.js';
import { groupOf, type RenderedObject } from './rendered-objects.js';

export type ContainerList = 'containers' | 'initContainers' | 'ephemeralContainers';

export interface ImageUse {
  /** as it is written, e.g. `registry.example.com/shop/web@sha256:…` */
  readonly image: string;
  readonly object: RenderedObject;
  readonly list: ContainerList;
  readonly container: string;
}

export interface Workload {
  readonly object: RenderedObject;
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly images: readonly ImageUse[];
}

/** Kinds that run pods of a template, and where the pod stands in them. */
const POD_PATHS = {
  Pod: { group: '', path: ['spec'] },
  Deployment: { group: 'apps', path: ['spec', 'template', 'spec'] },
  StatefulSet: { group: 'apps', path: ['spec', 'template', 'spec'] },
  DaemonSet: { group: 'apps', path: ['spec', 'template', 'spec'] },
  ReplicaSet: { group: 'apps', path: ['spec', 'template', 'spec'] },
  ReplicationController: { group: '', path: ['spec', 'template', 'spec'] },
  Job: { group: 'batch', path: ['spec', 'template', 'spec'] },
  CronJob: { group: 'batch', path: ['spec', 'jobTemplate', 'spec', 'template', 'spec'] },
  Rollout: { group: 'argoproj.io', path: ['spec', 'template', 'spec'] },
} as const;
export type WorkloadKind = keyof typeof POD_PATHS;

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Objects that run pods, Argo Rollouts among them. */
export function workloadsOf(objects: readonly RenderedObject[]): readonly Workload[] {
  return objects.flatMap((object) => {
    const { kind, namespace, name } = object;
    if (!isWorkloadKind(kind) || !isGroupOf(kind, groupOf(object))) return [];
    return [{ object, kind, namespace, name, images: imagesIn(object, podOf(object.object, kind)) }];
  });
}

/** Every image of every container, in the order of the objects; one that stands twice is there twice. */
export function imagesOf(objects: readonly RenderedObject[]): readonly ImageUse[] {
  return workloadsOf(objects).flatMap(({ images }) => images);
}

/** The pod that an object of this kind makes. */
export function podOf(object: Fields, kind: WorkloadKind): Fields {
  return fieldsAt(object, ...POD_PATHS[kind].path);
}

function isWorkloadKind(kind: string): kind is WorkloadKind {
  return Object.hasOwn(POD_PATHS, kind);
}

/** Old groups (`extensions`) count too: such an object is deprecated, but it runs its images all the same. */
function isGroupOf(kind: WorkloadKind, group: string): boolean {
  return group === POD_PATHS[kind].group || group === 'extensions';
}

function imagesIn(object: RenderedObject, pod: Fields): readonly ImageUse[] {
  return LISTS.flatMap((list) =>
    listAt(pod, list).flatMap((container) => {
      const image = textAt(container, 'image');
      return image === undefined ? [] : [{ image, object, list, container: textAt(container, 'name') ?? '' }];
    }),
  );
}
