/** The parts of Flux's objects that Gatehouse reads (Flux 2.9: source v1, kustomize v1, helm v2). */
import Type from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';

const Text = Type.Optional(Type.String());
const Flag = Type.Optional(Type.Boolean());

const Condition = Type.Object({
  type: Type.String(),
  status: Type.String(),
  reason: Text,
  message: Text,
  lastTransitionTime: Text,
  observedGeneration: Type.Optional(Type.Integer()),
});

const Metadata = Type.Object({
  name: Type.String({ minLength: 1 }),
  namespace: Text,
  generation: Type.Optional(Type.Integer()),
  deletionTimestamp: Text,
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
});

const Reference = Type.Object({ kind: Type.String(), name: Type.String(), namespace: Text });

const Common = {
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(Type.Array(Condition)),
  /** the value of the annotation that asked for a reconciliation, written when that has ended */
  lastHandledReconcileAt: Text,
};

const Inventory = Type.Object({
  /** `<namespace>_<name>_<group>_<kind>` */
  entries: Type.Array(Type.Object({ id: Type.String(), v: Type.String() })),
});

const SourceObject = Type.Object({
  metadata: Metadata,
  spec: Type.Object({
    suspend: Flag,
    url: Text,
    /** of a HelmChart: chart and version, which may be a range */
    chart: Text,
    version: Text,
  }),
  status: Type.Optional(
    Type.Object({
      ...Common,
      artifact: Type.Optional(
        Type.Object({
          revision: Text,
          lastUpdateTime: Text,
          /** annotations of an OCI artifact, or those that a generator gave it */
          metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
        }),
      ),
    }),
  ),
});

const KustomizationObject = Type.Object({
  metadata: Metadata,
  spec: Type.Object({
    suspend: Flag,
    wait: Flag,
    healthChecks: Type.Optional(Type.Array(Type.Unknown())),
    sourceRef: Reference,
  }),
  status: Type.Optional(
    Type.Object({
      ...Common,
      /** written before anything is built or applied */
      lastAttemptedRevision: Text,
      /** written when everything was applied, pruned and found healthy */
      lastAppliedRevision: Text,
      /** of what the artifact that was applied says it was made, e.g. `main@sha1:<commit>` */
      lastAppliedOriginRevision: Text,
      inventory: Type.Optional(Inventory),
    }),
  ),
});

const Snapshot = Type.Object({
  chartVersion: Type.String(),
  /** deployed, superseded, failed, pending-upgrade, … */
  status: Type.String(),
  configDigest: Text,
  lastDeployed: Text,
  version: Type.Optional(Type.Integer()),
});

const HelmReleaseObject = Type.Object({
  metadata: Metadata,
  spec: Type.Object({
    suspend: Flag,
    chart: Type.Optional(Type.Object({ spec: Type.Object({ chart: Text, version: Text }) })),
    chartRef: Type.Optional(Reference),
  }),
  status: Type.Optional(
    Type.Object({
      ...Common,
      /** `<namespace>/<name>` of the HelmChart that was made for it */
      helmChart: Text,
      /** a chart version */
      lastAttemptedRevision: Text,
      lastAttemptedConfigDigest: Text,
      lastAttemptedGeneration: Type.Optional(Type.Integer()),
      /** newest first */
      history: Type.Optional(Type.Array(Snapshot)),
      inventory: Type.Optional(Inventory),
    }),
  ),
});

export type FluxCondition = Type.Static<typeof Condition>;
/** GitRepository, OCIRepository, ExternalArtifact or HelmChart. */
export type FluxSource = Type.Static<typeof SourceObject>;
export type Kustomization = Type.Static<typeof KustomizationObject>;
export type HelmRelease = Type.Static<typeof HelmReleaseObject>;

/** What all of them have. */
export interface FluxObject {
  readonly metadata: Type.Static<typeof Metadata>;
  readonly spec: { readonly suspend?: boolean };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly FluxCondition[];
    readonly lastHandledReconcileAt?: string;
  };
}

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function sourceFrom(object: unknown, subject: CallSubject): FluxSource {
  return shapeOf(SourceObject, object, subject);
}

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function kustomizationFrom(object: unknown, subject: CallSubject): Kustomization {
  return shapeOf(KustomizationObject, object, subject);
}

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function helmReleaseFrom(object: unknown, subject: CallSubject): HelmRelease {
  return shapeOf(HelmReleaseObject, object, subject);
}

/** Set on an object to ask for a reconciliation; its value comes back as `lastHandledReconcileAt`. */
export const RECONCILE_ANNOTATION = 'reconcile.fluxcd.io/requestedAt';

/** The condition of a type, or undefined. */
export function conditionOf(object: FluxObject, type: string): FluxCondition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** True when the condition of a type says True. */
export function isTrue(object: FluxObject, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}
