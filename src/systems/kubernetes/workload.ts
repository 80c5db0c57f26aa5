/** Workloads as they are read: their kinds, where each is asked for, and the fields that count. */
import Type from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';

const Count = Type.Optional(Type.Integer());
const Container = Type.Object({ name: Type.String(), image: Type.Optional(Type.String()) });

const Expression = Type.Object({
  key: Type.String(),
  operator: Type.String(),
  values: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
});

const WorkloadObject = Type.Object({
  kind: Type.Optional(Type.String()),
  metadata: Type.Object({
    name: Type.String(),
    namespace: Type.Optional(Type.String()),
    uid: Type.Optional(Type.String()),
    generation: Count,
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  spec: Type.Object({
    replicas: Count,
    /** of a Deployment or Rollout, seconds; 600 when left out */
    progressDeadlineSeconds: Count,
    paused: Type.Optional(Type.Boolean()),
    selector: Type.Optional(
      Type.Object({
        matchLabels: Type.Optional(Type.Record(Type.String(), Type.String())),
        matchExpressions: Type.Optional(Type.Union([Type.Array(Expression), Type.Null()])),
      }),
    ),
    updateStrategy: Type.Optional(
      Type.Object({
        type: Type.Optional(Type.String()),
        rollingUpdate: Type.Optional(Type.Union([Type.Object({ partition: Count }), Type.Null()])),
      }),
    ),
    template: Type.Object({
      spec: Type.Object({
        containers: Type.Array(Container),
        initContainers: Type.Optional(Type.Union([Type.Array(Container), Type.Null()])),
      }),
    }),
  }),
  status: Type.Optional(
    Type.Object({
      /** a Rollout writes a text */
      observedGeneration: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
      replicas: Count,
      updatedReplicas: Count,
      readyReplicas: Count,
      availableReplicas: Count,
      currentRevision: Type.Optional(Type.String()),
      updateRevision: Type.Optional(Type.String()),
      desiredNumberScheduled: Count,
      updatedNumberScheduled: Count,
      numberAvailable: Count,
      /** of a Rollout: see argo-rollout.ts */
      phase: Type.Optional(Type.String()),
      message: Type.Optional(Type.String()),
      abort: Type.Optional(Type.Boolean()),
      stableRS: Type.Optional(Type.String()),
      currentPodHash: Type.Optional(Type.String()),
      workloadObservedGeneration: Type.Optional(Type.String()),
      conditions: Type.Optional(
        Type.Array(
          Type.Object({
            type: Type.String(),
            status: Type.Optional(Type.String()),
            reason: Type.Optional(Type.String()),
            message: Type.Optional(Type.String()),
            lastUpdateTime: Type.Optional(Type.String()),
          }),
        ),
      ),
    }),
  ),
});

export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];
/** Deployment, StatefulSet or DaemonSet of apps/v1, or Rollout of Argo Rollouts with the template that it runs. */
export type Workload = Type.Static<typeof WorkloadObject>;

interface WorkloadApi {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

const apps = (plural: string): WorkloadApi => ({ group: 'apps', version: 'v1', plural });

/** Where each kind is read. */
export const WORKLOAD_APIS: Readonly<Record<WorkloadKind, WorkloadApi>> = {
  Deployment: apps('deployments'),
  StatefulSet: apps('statefulsets'),
  DaemonSet: apps('daemonsets'),
  Rollout: { group: 'argoproj.io', version: 'v1alpha1', plural: 'rollouts' },
};

/** The kind of workload that a group and kind name; undefined for everything else. */
export function workloadKindOf(
  group: string | undefined,
  kind: string | undefined,
): WorkloadKind | undefined {
  const known = WORKLOAD_KINDS.find((one) => one === kind);
  return known !== undefined && WORKLOAD_APIS[known].group === group ? known : undefined;
}

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function workloadFrom(object: unknown, subject: CallSubject): Workload {
  return shapeOf(WorkloadObject, object, subject);
}

/** Containers of a pod as the spec names them. */
export function containersOf({
  spec,
}: Workload): readonly { readonly name: string; readonly image: string }[] {
  const { containers, initContainers } = spec.template.spec;
  return [...containers, ...(initContainers ?? [])].map(({ name, image }) => ({ name, image: image ?? '' }));
}
