/** Shapes of the documents that entries carry as text: the request and the pinned policy. Checked whenever they are read. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { PolicyManifest } from '../domain/manifest.js';
import type { RequestDocument } from '../domain/request.js';
import { LedgerCorrupt } from './errors.js';
import { ExceptionShape, PromotionContentShape } from './promotion-document.js';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ maxLength: 2_000 });
const Texts = Type.Array(Text, { maxItems: 10_000 });

const Actor = Type.Object(
  { kind: Type.Union([Type.Literal('person'), Type.Literal('machine')]), id: Text },
  closed,
);

const Target = Type.Object(
  {
    key: Text,
    cluster: Text,
    stage: Text,
    organisation: Text,
    environment: Type.Object({ name: Text, labels: Type.Record(Type.String(), Text) }, closed),
    integration: Text,
    invite: Type.Object({ domain: Text, people: Texts, groups: Texts }, closed),
    secretStore: Type.Object(
      {
        kind: Type.Union([Type.Literal('azure-key-vault'), Type.Literal('vault')]),
        name: Text,
        url: Text,
        mount: Type.Optional(Text),
        path: Type.Optional(Text),
      },
      closed,
    ),
    values: Type.Object(
      {
        project: Text,
        branch: Text,
        file: Text,
        mode: Type.Union([Type.Literal('client-id'), Type.Literal('reference')]),
        key: Text,
      },
      closed,
    ),
    application: Type.Object({ connection: Text, namespace: Text, name: Text }, closed),
    externalSecret: Type.Object({ connection: Text, namespace: Text, name: Text }, closed),
    adopt: Type.Boolean(),
  },
  closed,
);

const Signed = {
  version: Type.Literal(1),
  requestId: Text,
  workflowId: Text,
  requester: Actor,
  requesterName: Type.Optional(Text),
  ticket: Type.Optional(Text),
  reason: Type.Optional(Text),
  source: Type.Optional(Type.Object({ project: Text, path: Text, commit: Text }, closed)),
  policy: Type.Object({ name: Text, digest: Text }, closed),
  contentHash: Text,
  acceptedAt: Text,
};

const FleetRequestShape = Type.Object(
  {
    ...Signed,
    kind: Type.Literal('Fleet'),
    requestedFor: Text,
    content: Type.Object(
      {
        service: Text,
        fleet: Text,
        maxInFlight: Type.Integer({ minimum: 1 }),
        targets: Type.Array(Target, { maxItems: 10_000 }),
      },
      closed,
    ),
  },
  closed,
);

const PromotionRequestShape = Type.Object(
  {
    ...Signed,
    kind: Type.Literal('Promotion'),
    requestedFor: Type.Optional(Text),
    content: PromotionContentShape,
  },
  closed,
);

const Evidence = Type.Union([
  Type.Literal('contractNumber'),
  Type.Literal('licences'),
  Type.Literal('validUntil'),
  Type.Literal('assessmentUrl'),
  Type.Literal('link'),
]);
const Milliseconds = Type.Integer({ minimum: 1 });

const PolicyShape = Type.Object(
  {
    apiVersion: Type.Literal('gatehouse/v1'),
    kind: Type.Literal('Policy'),
    metadata: Type.Object({ name: Text }, closed),
    spec: Type.Object(
      {
        appliesTo: Type.Union([
          Type.Object({ kind: Type.Literal('Fleet'), service: Text }, closed),
          Type.Object(
            {
              kind: Type.Literal('Promotion'),
              application: Text,
              environment: Text,
              exception: Type.Optional(ExceptionShape),
            },
            closed,
          ),
        ]),
        gates: Type.Array(
          Type.Object(
            {
              name: Text,
              approvers: Type.Object(
                {
                  group: Text,
                  need: Type.Integer({ minimum: 1 }),
                  needAtHighRisk: Type.Optional(Type.Integer({ minimum: 1 })),
                },
                closed,
              ),
              evidence: Type.Array(Evidence),
              after: Texts,
              remindEveryMs: Type.Optional(Milliseconds),
              escalate: Type.Optional(Type.Object({ afterMs: Milliseconds, toGroup: Text }, closed)),
              deadline: Type.Optional(
                Type.Object({ afterMs: Milliseconds, then: Type.Literal('reject') }, closed),
              ),
              freshLoginMs: Type.Optional(Milliseconds),
              afterwards: Type.Optional(Type.Boolean()),
            },
            closed,
          ),
        ),
        whileOpen: Type.Union([Type.Literal('amend'), Type.Literal('refuse')]),
      },
      closed,
    ),
  },
  closed,
);

const RequestShape = Type.Union([FleetRequestShape, PromotionRequestShape]);
const requestShape = Compile(RequestShape);
const policyShape = Compile(PolicyShape);

/** @throws LedgerCorrupt when the text is not a request document */
export function parseRequestDocument(text: string): RequestDocument {
  const value = parseJson(text);
  if (!requestShape.Check(value)) throw new LedgerCorrupt('the text of a request is not of its shape');
  const document: Static<typeof RequestShape> = value;
  return document;
}

/** @throws LedgerCorrupt when the text is not a policy */
export function parsePolicyDocument(text: string): PolicyManifest {
  const value = parseJson(text);
  if (!policyShape.Check(value)) throw new LedgerCorrupt('the text of a pinned policy is not of its shape');
  const document: Static<typeof PolicyShape> = value;
  return document;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LedgerCorrupt('the text of a document is not JSON');
  }
}
