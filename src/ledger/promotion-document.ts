/** Shape of the content of a promotion request, as it stands in the signed document. */
import Type from 'typebox';
import { IMAGE_PARTS } from '../domain/promotion/path.js';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ maxLength: 2_000 });
const Texts = Type.Array(Text, { maxItems: 1_000 });
const Milliseconds = Type.Integer({ minimum: 0 });
const Count = Type.Integer({ minimum: 0 });
const Kind = <T extends string>(word: T) => Type.Literal(word);

const EditShape = Type.Union([
  Type.Object(
    {
      kind: Kind('kustomize-image'),
      file: Text,
      image: Text,
      by: Type.Union([
        Type.Object({ digest: Type.Literal(true) }, closed),
        Type.Object({ tagPrefix: Text }, closed),
      ]),
    },
    closed,
  ),
  Type.Object({ kind: Kind('manifest-image'), image: Text }, closed),
  Type.Object({ kind: Kind('chart-version'), file: Text, at: Text, chart: Text }, closed),
  Type.Object(
    {
      kind: Kind('value'),
      file: Text,
      at: Text,
      image: Text,
      take: Type.Union(IMAGE_PARTS.map((part) => Kind(part))),
      prefix: Type.Optional(Text),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Kind('value'),
      file: Text,
      at: Text,
      chart: Text,
      take: Kind('version'),
      prefix: Type.Optional(Text),
    },
    closed,
  ),
]);

const ChangeShape = Type.Union([
  Type.Object({ kind: Kind('copy'), keep: Texts }, closed),
  Type.Object({ kind: Kind('edit'), edits: Type.Array(EditShape, { maxItems: 200 }) }, closed),
]);

const Workload = Type.Object(
  {
    kind: Type.Union([Kind('Deployment'), Kind('StatefulSet'), Kind('DaemonSet'), Kind('Rollout')]),
    namespace: Text,
    name: Text,
  },
  closed,
);
const delivered = { name: Text, cluster: Text, workloads: Type.Array(Workload, { maxItems: 500 }) };

const DeliveryShape = Type.Union([
  Type.Object(
    { ...delivered, kind: Kind('argocd'), connection: Text, namespace: Text, application: Text },
    closed,
  ),
  Type.Object(
    {
      ...delivered,
      kind: Kind('flux'),
      connection: Text,
      namespace: Text,
      kustomization: Text,
      helmReleases: Type.Array(
        Type.Object({ name: Text, chart: Text, namespace: Type.Optional(Text) }, closed),
        { maxItems: 500 },
      ),
    },
    closed,
  ),
]);

const place = {
  name: Text,
  project: Text,
  branch: Text,
  directory: Text,
  recurse: Type.Optional(Type.Literal(true)),
  config: Type.Optional(Type.Literal(true)),
  helm: Type.Optional(
    Type.Object(
      { valueFiles: Texts, releaseName: Type.Optional(Text), namespace: Type.Optional(Text) },
      closed,
    ),
  ),
  change: ChangeShape,
  deliveries: Type.Array(DeliveryShape, { maxItems: 500 }),
};
const PlaceShape = Type.Object(place, closed);
const PlaceTargetShape = Type.Object({ ...place, key: Text }, closed);

const check = { name: Text, timeoutMs: Milliseconds };
const CheckShape = Type.Union([
  Type.Object(
    {
      ...check,
      kind: Kind('http'),
      url: Text,
      expectStatus: Count,
      expectBodyContains: Type.Optional(Text),
    },
    closed,
  ),
  Type.Object(
    {
      ...check,
      kind: Kind('metric'),
      query: Text,
      atMost: Type.Optional(Type.Number()),
      atLeast: Type.Optional(Type.Number()),
    },
    closed,
  ),
  Type.Object({ ...check, kind: Kind('job'), connection: Text, namespace: Text, cronJob: Text }, closed),
]);

const WindowShape = Type.Object(
  {
    kind: Type.Union([Kind('allow'), Kind('deny')]),
    name: Text,
    schedule: Text,
    durationMs: Milliseconds,
    timeZone: Text,
  },
  closed,
);

const RulesShape = Type.Object(
  {
    scan: Type.Optional(Type.Object({ critical: Count, high: Count }, closed)),
    changeRecord: Type.Boolean(),
    unpinned: Type.Union([Kind('refuse'), Kind('warn')]),
    clusterKinds: Texts,
    namespaces: Texts,
    windows: Type.Array(WindowShape, { maxItems: 100 }),
    checks: Type.Array(CheckShape, { maxItems: 100 }),
    soakMs: Milliseconds,
    watchMs: Milliseconds,
    degradedMs: Type.Optional(Milliseconds),
    onFailure: Type.Union([Kind('rollback'), Kind('hold')]),
    whileOpen: Type.Union([Kind('refuse'), Kind('queue'), Kind('latest-wins')]),
    rollout: Type.Object(
      {
        waves: Type.Array(Type.Union([Count, Type.TemplateLiteral([Type.Number(), Type.Literal('%')])]), {
          maxItems: 100,
        }),
        maxInFlight: Type.Integer({ minimum: 1 }),
        maxFailures: Count,
      },
      closed,
    ),
  },
  closed,
);

export const ExceptionShape = Type.Union([Kind('hotfix'), Kind('break-glass'), Kind('rollback')]);

export const PromotionContentShape = Type.Object(
  {
    application: Text,
    environment: Text,
    from: Type.Object(
      { name: Text, places: Type.Array(PlaceShape, { maxItems: 1_000 }), isFirst: Type.Boolean() },
      closed,
    ),
    exception: Type.Optional(ExceptionShape),
    shadow: Type.Optional(Type.Literal(true)),
    asked: Type.Object(
      {
        commit: Type.Optional(Text),
        images: Type.Record(Type.String(), Text),
        charts: Type.Record(Type.String(), Text),
      },
      closed,
    ),
    path: Type.Object({ name: Text, digest: Text }, closed),
    owners: Text,
    images: Texts,
    charts: Type.Array(Type.Object({ name: Text, repository: Text }, closed), { maxItems: 500 }),
    rules: RulesShape,
    targets: Type.Array(PlaceTargetShape, { maxItems: 1_000 }),
  },
  closed,
);
