/** Shapes of signed claims. Unknown members are refused, every text has a largest length. */
import { Type } from 'typebox';

/** Enough for every id that Gatehouse makes (reference: temporal, section 2.1). */
const MAX_ID = 200;

/** Key ids as they appear in headers, rings and logs. */
export const kidText = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$' });

/** ISO 8601 in UTC, with or without a fraction of a second. */
export const isoTime = Type.String({
  pattern:
    '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?Z$',
});

const id = Type.String({ minLength: 1, maxLength: MAX_ID });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const evidenceText = Type.String({ minLength: 1, maxLength: 2000 });
const closed = { additionalProperties: false };

/** Shape of `DecisionClaims`. */
export const decisionShape = Type.Object(
  {
    version: Type.Literal(1),
    requestId: id,
    requestHash: sha256,
    planDigest: sha256,
    policyDigest: sha256,
    workflowId: id,
    gate: id,
    epoch: Type.Integer({ minimum: 0 }),
    decision: Type.Union([Type.Literal('approve'), Type.Literal('reject')]),
    narrowedTo: Type.Optional(evidenceText),
    evidence: Type.Object(
      {
        contractNumber: Type.Optional(evidenceText),
        licences: Type.Optional(evidenceText),
        validUntil: Type.Optional(evidenceText),
        assessmentUrl: Type.Optional(evidenceText),
        link: Type.Optional(evidenceText),
      },
      closed,
    ),
    approver: Type.Object(
      {
        issuer: Type.String({ minLength: 1, maxLength: 500 }),
        subject: Type.String({ minLength: 1, maxLength: 255 }),
        accountId: id,
        personId: id,
        actingFor: Type.Optional(id),
      },
      closed,
    ),
    commentHash: Type.Optional(sha256),
    authTime: Type.Integer({ minimum: 0 }),
    jti: id,
    issuedAt: isoTime,
  },
  closed,
);

/** Shape of `RequestClaims`. */
export const requestShape = Type.Object(
  {
    version: Type.Literal(1),
    requestId: id,
    requestHash: sha256,
    contentHash: sha256,
    workflowId: id,
    acceptedAt: isoTime,
  },
  closed,
);

/** Shape of `CheckpointClaims`. */
export const checkpointShape = Type.Object(
  { version: Type.Literal(1), seq: Type.Integer({ minimum: 1 }), hash: sha256, at: isoTime },
  closed,
);
