/** Schema of `Path` files as users write them: defaults not yet merged, durations still text. */
import { type Static, Type } from 'typebox';
import { API_VERSION } from '../domain/manifest.js';
import { IMAGE_PARTS } from '../domain/promotion/path.js';
import { byKind, byType } from './forms.js';
import {
  branch,
  closed,
  duration,
  groupName,
  MAX_LENGTH,
  name,
  objectName,
  projectPath,
  uniqueList,
} from './schema-parts.js';

/** The project's root is `.`. */
const directory = Type.String({
  pattern: '^(?:\\.|(?!/)(?!.*//)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9._/-]*[A-Za-z0-9._-])$',
  maxLength: 240,
  says: 'must be a relative path of letters, digits, "-", ".", "_" and "/" without "..", or "." for the root',
});

const file = Type.String({
  pattern: '^(?!/)(?!.*//)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9._/-]*[A-Za-z0-9_-]$',
  maxLength: 240,
  says: 'must be the path of a file below the directory: letters, digits, "-", ".", "_" and "/", without ".."',
});

/** Elsewhere in the repository too: environments share a chart and have value files of their own. */
const valueFile = Type.String({
  pattern: '^(?:\\.\\./){0,10}(?!/)(?!.*//)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9._/-]*[A-Za-z0-9_-]$',
  maxLength: 240,
  says: 'must be the path of a value file, relative to the directory',
});

/** The registry's host is part of it: a name without one means another image on every machine. */
export const imageRepository = Type.String({
  pattern:
    '^(?=[^/]*[.:]|localhost/)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+$',
  maxLength: 255,
  says: 'must be an image with its registry and without tag or digest, such as registry.example.com/shop/web',
});

export const chartName = Type.String({
  pattern: '^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$',
  maxLength: 100,
  says: 'must be the name of a chart: lower-case letters, digits, "-", "_" and "."',
});

const chart = Type.Object(
  {
    name: chartName,
    repository: Type.String({
      pattern:
        '^(?:oci|https?)://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._/-]*)?$',
      maxLength: 300,
      says: 'must be oci://host/folder, or the https address of a repository with an index',
    }),
  },
  closed,
);

const tagPrefix = Type.String({
  pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$',
  says: 'must be the beginning of a tag such as prd-',
});

const edit = byKind({
  'kustomize-image': Type.Object(
    {
      kind: Type.Literal('kustomize-image'),
      file: Type.Optional(file),
      image: imageRepository,
      digest: Type.Optional(Type.Literal(true)),
      tagPrefix: Type.Optional(tagPrefix),
    },
    closed,
  ),
  value: Type.Object(
    {
      kind: Type.Literal('value'),
      file,
      at: Type.String({ minLength: 1, maxLength: 300 }),
      take: Type.Enum([...IMAGE_PARTS, 'version']),
      image: Type.Optional(imageRepository),
      chart: Type.Optional(chartName),
      prefix: Type.Optional(tagPrefix),
    },
    closed,
  ),
  'manifest-image': Type.Object({ kind: Type.Literal('manifest-image'), image: imageRepository }, closed),
  'chart-version': Type.Object(
    {
      kind: Type.Literal('chart-version'),
      file,
      at: Type.Optional(
        Type.String({
          pattern: '^[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*$',
          maxLength: 200,
          says: 'must be a dotted path such as spec.chart.spec.version',
        }),
      ),
      chart: chartName,
    },
    closed,
  ),
});

const change = byType({
  string: Type.Literal('copy'),
  object: Type.Object(
    {
      copy: Type.Optional(Type.Object({ keep: uniqueList(file, 100) }, closed)),
      edits: Type.Optional(Type.Array(edit, { minItems: 1, maxItems: 200 })),
    },
    closed,
  ),
});

const workload = Type.Object(
  {
    kind: Type.Optional(Type.Enum(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'])),
    namespace: name(63),
    name: objectName,
  },
  closed,
);

const connection = name(60);

const everyDelivery = {
  name: Type.Optional(objectName),
  cluster: connection,
  connection: Type.Optional(connection),
  namespace: Type.Optional(name(63)),
  workloads: Type.Optional(Type.Array(workload, { maxItems: 50 })),
};

const delivery = byKind({
  argocd: Type.Object({ kind: Type.Literal('argocd'), application: objectName, ...everyDelivery }, closed),
  flux: Type.Object(
    {
      kind: Type.Literal('flux'),
      kustomization: objectName,
      helmReleases: Type.Optional(
        Type.Array(
          Type.Object({ name: objectName, chart: chartName, namespace: Type.Optional(name(63)) }, closed),
          { maxItems: 50 },
        ),
      ),
      ...everyDelivery,
    },
    closed,
  ),
});

/** What a place may say; each may stand in its environment instead, but what only one place can have. */
const shared = {
  project: Type.Optional(projectPath),
  branch: Type.Optional(branch),
  change: Type.Optional(change),
};
const own = {
  directory: Type.Optional(directory),
  recurse: Type.Optional(Type.Boolean()),
  config: Type.Optional(Type.Boolean()),
  helm: Type.Optional(
    Type.Object(
      {
        valueFiles: Type.Optional(uniqueList(valueFile, 20)),
        releaseName: Type.Optional(objectName),
        namespace: Type.Optional(name(63)),
      },
      closed,
    ),
  ),
  deliveries: Type.Optional(Type.Array(delivery, { minItems: 1, maxItems: 50 })),
};

const windowFile = Type.Object(
  {
    name: name(40),
    schedule: Type.String({ minLength: 1, maxLength: 100 }),
    duration,
    timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  },
  closed,
);

const everyCheck = { name: name(40), timeout: Type.Optional(duration) };

const check = byKind({
  http: Type.Object(
    {
      kind: Type.Literal('http'),
      ...everyCheck,
      url: Type.String({
        pattern: '^https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[^\\s<>"\'#@]*)?$',
        maxLength: 500,
        says: 'must be an address such as https://shop.example.com/healthz',
      }),
      status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
      contains: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    },
    closed,
  ),
  metric: Type.Object(
    {
      kind: Type.Literal('metric'),
      ...everyCheck,
      query: Type.String({ minLength: 1, maxLength: 2_000 }),
      atMost: Type.Optional(Type.Number()),
      atLeast: Type.Optional(Type.Number()),
    },
    closed,
  ),
  job: Type.Object(
    { kind: Type.Literal('job'), ...everyCheck, connection, namespace: name(63), cronJob: objectName },
    closed,
  ),
});

const wave = byType({
  number: Type.Integer({ minimum: 1, maximum: 5_000 }),
  string: Type.String({
    pattern: '^(?:100|[1-9][0-9]?)%$',
    says: 'must be a number of places, or per cent of all such as 25%',
  }),
});

/** What promoting into an environment needs: not for the first one, where releases come from. */
const rules = {
  scan: Type.Optional(
    Type.Object(
      {
        critical: Type.Optional(Type.Integer({ minimum: 0 })),
        high: Type.Optional(Type.Integer({ minimum: 0 })),
      },
      closed,
    ),
  ),
  changeRecord: Type.Optional(Type.Boolean()),
  unpinned: Type.Optional(Type.Enum(['refuse', 'warn'])),
  clusterKinds: Type.Optional(
    uniqueList(
      Type.String({
        pattern: '^[A-Z][A-Za-z0-9]{0,62}$',
        says: 'must be the kind of an object without a namespace, such as Namespace',
      }),
      50,
    ),
  ),
  namespaces: Type.Optional(uniqueList(name(63), 100)),
  windows: Type.Optional(
    Type.Object(
      {
        allow: Type.Optional(Type.Array(windowFile, { maxItems: 50 })),
        deny: Type.Optional(Type.Array(windowFile, { maxItems: 50 })),
      },
      closed,
    ),
  ),
  checks: Type.Optional(Type.Array(check, { maxItems: 50 })),
  soak: Type.Optional(duration),
  watch: Type.Optional(duration),
  mayBeDegraded: Type.Optional(duration),
  onFailure: Type.Optional(Type.Enum(['rollback', 'hold'])),
  whileOpen: Type.Optional(Type.Enum(['refuse', 'queue', 'latest-wins'])),
  shadow: Type.Optional(Type.Boolean()),
  rollout: Type.Optional(
    Type.Object(
      {
        canary: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
        waves: Type.Optional(Type.Array(wave, { minItems: 1, maxItems: 50 })),
        maxInFlight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
        maxFailures: Type.Optional(Type.Integer({ minimum: 0, maximum: 5_000 })),
      },
      closed,
    ),
  ),
};
export const RULE_FIELDS: readonly string[] = Object.keys(rules);

const environment = Type.Object(
  {
    name: name(MAX_LENGTH.environment),
    ...shared,
    ...own,
    places: Type.Optional(
      Type.Array(Type.Object({ name: name(MAX_LENGTH.place), ...shared, ...own }, closed), {
        minItems: 1,
        maxItems: 200,
      }),
    ),
    ...rules,
  },
  closed,
);

export const PathSchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal('Path'),
    metadata: Type.Object({ name: name(MAX_LENGTH.application) }, closed),
    spec: Type.Object(
      {
        owners: groupName,
        images: Type.Optional(uniqueList(imageRepository, 100)),
        charts: Type.Optional(Type.Array(chart, { maxItems: 100 })),
        defaults: Type.Optional(
          Type.Object({ project: Type.Optional(projectPath), branch: Type.Optional(branch) }, closed),
        ),
        environments: Type.Array(environment, { minItems: 2, maxItems: 20 }),
      },
      closed,
    ),
  },
  closed,
);
export type PathFile = Static<typeof PathSchema>;
export type EnvironmentFile = PathFile['spec']['environments'][number];
export type PlaceFile = NonNullable<EnvironmentFile['places']>[number];
export type ChangeFile = NonNullable<EnvironmentFile['change']>;
export type EditFile = Static<typeof edit>;
export type DeliveryFile = Static<typeof delivery>;
export type CheckFile = Static<typeof check>;
export type WindowFile = Static<typeof windowFile>;
