/**
 * Schemas of the files as users write them: defaults not yet merged, durations still text. Every object refuses fields that
 * it does not know. `says` is what a fault tells when a pattern does not match.
 */
import { type Static, Type } from 'typebox';
import { API_VERSION } from '../domain/manifest.js';
import { EXCEPTIONS } from '../domain/promotion/request.js';
import { byKind } from './forms.js';
import {
  branch,
  closed,
  duration,
  groupName,
  MAX_LENGTH,
  metadata,
  name,
  projectPath,
  uniqueList,
} from './schema-parts.js';

/** A template of a name: letters, digits, `-`, `.`, `_` and placeholders. */
const nameTemplate = Type.String({
  pattern: '^[A-Za-z0-9{}._-]+$',
  maxLength: 120,
  says: 'must be letters, digits, "-", ".", "_" and {cluster}, {stage}, {service}',
});

const filePath = Type.String({
  pattern: '^(?!/)(?!.*//)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9{}._/-]+\\.ya?ml$',
  maxLength: 240,
  says: 'must be a relative path of letters, digits, "-", ".", "_" and "/" that ends in .yaml or .yml, without ".."',
});

export const EMAIL_PATTERN =
  "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,}$";

const email = Type.String({
  pattern: EMAIL_PATTERN,
  maxLength: 254,
  says: 'must be an e-mail address in ASCII, such as ada@example.com',
});

const domain = Type.String({
  pattern: '^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$',
  maxLength: 253,
  says: 'must be a domain in lower case, such as example.com',
});

const directoryId = Type.String({
  pattern: '^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$',
  says: 'must be the id of a directory group: letters, digits and "-"',
});

/** Keys and values of labels: what Kubernetes allows is allowed here. */
const labels = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$' }),
  Type.String({
    pattern: '^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$',
    says: 'must be at most 63 letters, digits, "-", "_" or "."',
  }),
  {
    additionalProperties: false,
    maxProperties: 40,
    says: 'is not a label: at most 63 letters, digits, "-", "_", "." or "/"',
  },
);

const invite = Type.Object(
  {
    domain: Type.Optional(domain),
    people: Type.Optional(uniqueList(email, 500)),
    groups: Type.Optional(uniqueList(directoryId, 20)),
  },
  closed,
);

const valuesKey = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_-]*(?:\\.[A-Za-z][A-Za-z0-9_-]*)*$',
  maxLength: 200,
  says: 'must be a dotted path such as global.otterizeCloud.credentials',
});

const values = Type.Object(
  {
    project: Type.Optional(projectPath),
    file: Type.Optional(filePath),
    mode: Type.Optional(Type.Enum(['client-id', 'reference'])),
    key: Type.Optional(valuesKey),
  },
  closed,
);

/** What `spec.defaults` and each cluster may say. */
const settings = {
  stage: Type.Optional(name(20)),
  labels: Type.Optional(labels),
  invite: Type.Optional(invite),
  vault: Type.Optional(nameTemplate),
  values: Type.Optional(values),
  application: Type.Optional(nameTemplate),
  adopt: Type.Optional(Type.Boolean()),
};

export const FleetSchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal('Fleet'),
    metadata,
    spec: Type.Object(
      {
        service: name(30),
        defaults: Type.Optional(Type.Object(settings, closed)),
        clusters: Type.Array(Type.Object({ name: name(50), ...settings }, closed), {
          minItems: 1,
          maxItems: 1_000,
        }),
        rollout: Type.Optional(
          Type.Object({ maxInFlight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }, closed),
        ),
      },
      closed,
    ),
  },
  closed,
);
export type FleetFile = Static<typeof FleetSchema>;

const gate = Type.Object(
  {
    name: name(40),
    approvers: Type.Object(
      {
        group: groupName,
        need: Type.Optional(Type.Integer({ minimum: 1, maximum: 20 })),
        needAtHighRisk: Type.Optional(Type.Integer({ minimum: 1, maximum: 20 })),
      },
      closed,
    ),
    evidence: Type.Optional(
      uniqueList(Type.Enum(['contractNumber', 'licences', 'validUntil', 'assessmentUrl', 'link']), 5),
    ),
    after: Type.Optional(uniqueList(name(40), 20)),
    remind: Type.Optional(duration),
    escalate: Type.Optional(Type.Object({ after: duration, to: groupName }, closed)),
    deadline: Type.Optional(Type.Object({ after: duration, then: Type.Literal('reject') }, closed)),
    freshLogin: Type.Optional(duration),
    afterwards: Type.Optional(Type.Boolean()),
  },
  closed,
);

/** A name, or `*` for every one. */
const scopeName = (maxLength: number) =>
  Type.String({
    pattern: '^(?:\\*|[a-z](?:[a-z0-9-]*[a-z0-9])?)$',
    maxLength,
    says: `must be a name of at most ${maxLength} characters, or "*" for all`,
  });

const appliesTo = byKind({
  Fleet: Type.Object({ kind: Type.Literal('Fleet'), service: name(30) }, closed),
  Promotion: Type.Object(
    {
      kind: Type.Literal('Promotion'),
      application: scopeName(MAX_LENGTH.application),
      environment: scopeName(MAX_LENGTH.environment),
      exception: Type.Optional(Type.Enum([...EXCEPTIONS])),
    },
    closed,
  ),
});

export const PolicySchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal('Policy'),
    metadata,
    spec: Type.Object(
      {
        appliesTo,
        gates: Type.Array(gate, { minItems: 1, maxItems: 20 }),
        whileOpen: Type.Optional(
          Type.Enum(['refuse'], {
            says: 'must be refuse: what was asked is signed and is not changed afterwards; cancel it and ask again',
          }),
        ),
      },
      closed,
    ),
  },
  closed,
);
export type PolicyFile = Static<typeof PolicySchema>;
export type GateFile = Static<typeof gate>;

const inventoryCluster = Type.Object(
  {
    name: name(50),
    stage: name(20),
    kubernetes: name(60),
    argocd: name(60),
    argocdNamespace: Type.Optional(name(63)),
    namespace: Type.Optional(name(63)),
    externalSecret: Type.Optional(name(63)),
  },
  closed,
);

const secretStore = Type.Object(
  {
    name: nameTemplate,
    kind: Type.Enum(['azure-key-vault', 'vault']),
    url: Type.String({
      pattern: '^https?://[A-Za-z0-9{}.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9{}._/-]*)?$',
      maxLength: 300,
      says: 'must be an address such as https://{name}.vault.azure.net',
    }),
    mount: Type.Optional(
      Type.String({
        pattern: '^(?!/)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9{}._/-]*[A-Za-z0-9}]$',
        maxLength: 120,
        says: 'must be the mount of a kv v2 engine, such as secret',
      }),
    ),
    path: Type.Optional(
      Type.String({
        pattern: '^(?!/)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9{}._/-]*[A-Za-z0-9}]$',
        maxLength: 240,
        says: 'must be a path below the mount, such as clusters/{cluster}/{stage}',
      }),
    ),
  },
  closed,
);

const valuesPlace = Type.Object(
  {
    project: projectPath,
    directory: Type.String({
      pattern: '^(?!/)(?!.*//)(?!(?:.*/)?\\.{1,2}(?:/|$))(?:[A-Za-z0-9{}._/-]*[A-Za-z0-9}])?$',
      maxLength: 200,
      says: 'must be a relative directory such as "{cluster}/{stage}", without ".." and without "/" at its end',
    }),
    key: valuesKey,
    clusters: Type.Optional(
      uniqueList(
        Type.String({
          pattern: '^[a-z0-9-]+/[a-z0-9-]+$',
          maxLength: 80,
          says: 'must be <cluster>/<stage> of spec.clusters',
        }),
        5_000,
      ),
    ),
  },
  closed,
);

export const InventorySchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal('Inventory'),
    metadata,
    spec: Type.Object(
      {
        clusters: Type.Array(inventoryCluster, { minItems: 1, maxItems: 5_000 }),
        secretStores: Type.Array(secretStore, { minItems: 1, maxItems: 5_000 }),
        projects: Type.Array(
          Type.Object(
            {
              path: projectPath,
              branch: Type.Optional(branch),
            },
            closed,
          ),
          { minItems: 1, maxItems: 1_000 },
        ),
        services: Type.Optional(
          Type.Record(name(30), Type.Array(valuesPlace, { minItems: 1, maxItems: 200 }), {
            additionalProperties: false,
            says: 'is not the name of a service: lower-case letters, digits and "-"',
          }),
        ),
        groups: Type.Record(groupName, directoryId, {
          additionalProperties: false,
          says: 'is not a group name: lower-case letters, digits and "-"',
        }),
        roles: Type.Object(
          {
            requesters: uniqueList(groupName, 50),
            operators: uniqueList(groupName, 50),
            auditors: uniqueList(groupName, 50),
          },
          closed,
        ),
      },
      closed,
    ),
  },
  closed,
);
export type InventoryFile = Static<typeof InventorySchema>;
