import Type, { type Static } from 'typebox';
import type { StandIn } from '../framework/stand-in.js';
import { KeptObject } from './object-store.js';

export const KubernetesState = Type.Object({
  /** counter of all resourceVersions */
  version: Type.Integer(),
  objects: Type.Record(Type.String(), KeptObject),
  /** field managers of server-side apply, by object */
  owners: Type.Record(Type.String(), Type.Record(Type.String(), Type.Array(Type.String()))),
  /** Argo CD: the content that was applied last, by name of the Application */
  live: Type.Record(Type.String(), Type.String()),
});
export type KubernetesState = Static<typeof KubernetesState>;

/** How one Application misbehaves. */
const Behaviour = Type.Object(
  {
    /** every sync fails: operation Failed, SyncError, OutOfSync for ever */
    neverSyncs: Type.Optional(Type.Boolean()),
    /** resources are applied, but a PostSync hook fails: Synced and Healthy with a failed operation */
    hookFails: Type.Optional(Type.Boolean()),
    /** ends as Degraded instead of Healthy */
    degraded: Type.Optional(Type.Boolean()),
    /** ends as Suspended instead of Healthy */
    suspended: Type.Optional(Type.Boolean()),
    /** milliseconds from the start of a sync to Healthy, instead of `syncMs` */
    slowMs: Type.Optional(Type.Number({ minimum: 0 })),
    /** the controller leaves it alone: a test writes what the controller would write */
    scripted: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type Behaviour = Static<typeof Behaviour>;

export const FluxSettings = Type.Object(
  {
    /** whether Flux runs in the clusters; where it does not, a test writes what its controllers would write */
    running: Type.Boolean(),
    /** controllers that are down all the same */
    down: Type.Array(Type.Union([Type.Literal('source'), Type.Literal('kustomize'), Type.Literal('helm')])),
    /** milliseconds until a failed attempt is made again */
    retryMs: Type.Number({ minimum: 10 }),
    /** images that crash when they start, as manifests name them */
    crashing: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);
export type FluxSettings = Static<typeof FluxSettings>;

export const KubernetesSettings = Type.Object(
  {
    /** milliseconds from the start of a sync to Healthy */
    syncMs: Type.Number({ minimum: 0 }),
    /** milliseconds between Argo CD's own looks at Git */
    pollMs: Type.Number({ minimum: 100 }),
    /** by name of the Application */
    applications: Type.Record(Type.String(), Behaviour),
    flux: FluxSettings,
  },
  { additionalProperties: false },
);
export type KubernetesSettings = Static<typeof KubernetesSettings>;

/** Argo CD's default for looking at Git by itself is three minutes. */
export const DEFAULT_SETTINGS: KubernetesSettings = {
  syncMs: 300,
  pollMs: 180_000,
  applications: {},
  // the delay of Flux' controllers begins at about a second and grows
  flux: { running: false, down: [], retryMs: 1_000, crashing: [] },
};

export type KubernetesStandIn = StandIn<typeof KubernetesState, typeof KubernetesSettings>;
