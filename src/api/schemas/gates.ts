/** Schemas of gates: what waits for whom, what exactly is asked, what was decided. */
import { type Static, Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { closed, Digest, Time } from './common.js';
import { PlanSchema } from './requests.js';

/** What a request is about: one line for people, and the fields of its kind. */
const Subject = {
  title: Type.String({ description: 'one line, e.g. "shop to prod"' }),
  service: Type.Optional(Type.String()),
  fleet: Type.Optional(Type.String()),
  application: Type.Optional(Type.String()),
  environment: Type.Optional(Type.String()),
  exception: Type.Optional(Type.String({ description: 'hotfix, break-glass or rollback' })),
};

export const InboxSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          requestId: Type.String(),
          gate: Type.String(),
          group: Type.String(),
          epoch: Type.Integer(),
          ...Subject,
          targets: Type.Integer(),
          requester: Type.String({
            description: 'the name where it is known, person or machine, and its opaque id',
          }),
          requestedFor: Type.Optional(Type.String({ description: 'e-mail; empty when it was erased' })),
          reason: Type.Optional(Type.String()),
          ticket: Type.Optional(Type.String()),
          openedAt: Time,
          due: Type.Optional(Time),
        },
        closed,
      ),
    ),
  },
  closed,
);

const EvidenceWanted = Type.Object(
  {
    name: Type.String(),
    label: Type.String(),
    rule: Type.String({ description: 'what is accepted' }),
  },
  closed,
);

export const GateSchema = Type.Object(
  {
    requestId: Type.String(),
    requestHash: Digest,
    gate: Type.String(),
    state: Type.String(),
    epoch: Type.Integer(),
    planDigest: Digest,
    asked: Type.Object(
      {
        kind: Type.String(),
        ...Subject,
        requester: Type.String({
          description: 'the name where it is known, person or machine, and its opaque id',
        }),
        requestedFor: Type.Optional(Type.String({ description: 'e-mail; empty when it was erased' })),
        ticket: Type.Optional(Type.String()),
        reason: Type.Optional(Type.String()),
        source: Type.Optional(Type.String({ description: 'project, path and commit' })),
        acceptedAt: Time,
      },
      closed,
    ),
    plan: PlanSchema,
    policy: Type.Object(
      {
        name: Type.String(),
        digest: Digest,
        group: Type.String(),
        need: Type.Integer(),
        after: Type.Array(Type.String()),
        freshLoginMs: Type.Optional(Type.Integer()),
      },
      closed,
    ),
    evidence: Type.Array(EvidenceWanted),
    approvals: Type.Integer(),
    openedAt: Type.Optional(Time),
    due: Type.Optional(Time),
    mine: Type.Object(
      {
        mayDecide: Type.Boolean(),
        why: Type.Optional(Type.String({ description: 'why not' })),
        decided: Type.Optional(Type.String({ description: 'what I decided here: approve or reject' })),
      },
      closed,
    ),
  },
  closed,
);
export type GateBody = Static<typeof GateSchema>;

const EvidenceText = Type.Optional(Type.String({ maxLength: 600 }));

export const DecideSchema = Type.Object(
  {
    decision: Type.Enum(['approve', 'reject']),
    epoch: Type.Integer({ minimum: 1, description: 'the epoch that you read' }),
    planDigest: Digest,
    evidence: Type.Object(
      {
        contractNumber: EvidenceText,
        licences: EvidenceText,
        validUntil: EvidenceText,
        assessmentUrl: EvidenceText,
        link: EvidenceText,
      },
      closed,
    ),
    comment: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.maxText })),
  },
  closed,
);

export const CheckedSchema = Type.Object({ wouldBeTaken: Type.Literal(true) }, closed);

export const DecisionSchema = Type.Object(
  {
    requestId: Type.String(),
    gate: Type.String(),
    epoch: Type.Integer(),
    decision: Type.String(),
    jti: Type.String({ description: 'id of the attestation' }),
    seq: Type.Integer({ description: 'position in the ledger' }),
  },
  closed,
);
