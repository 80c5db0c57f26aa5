/** Schemas that several routes share. */
import { Type } from 'typebox';
import { ProblemSchema } from '../problems.js';

export const closed = { additionalProperties: false } as const;

export const Time = Type.String({ description: 'ISO 8601, UTC' });
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, hex' });

export const RequestParams = Type.Object(
  { requestId: Type.String({ maxLength: 64, description: 'id of the request' }) },
  closed,
);

export const GateParams = Type.Object(
  {
    requestId: Type.String({ maxLength: 64, description: 'id of the request' }),
    gate: Type.String({ maxLength: 64, description: 'name of the gate in the policy' }),
  },
  closed,
);

/** Headers are not closed: browsers and proxies add their own. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description: 'the same key with the same body is the same call; a ticket number will do',
    }),
  ),
});

const ProblemContent = {
  description: 'problem, see RFC 9457',
  content: { 'application/problem+json': { schema: ProblemSchema } },
} as const;

/** Problems that any call may meet. */
export const readProblems = {
  400: ProblemContent,
  401: ProblemContent,
  403: ProblemContent,
  404: ProblemContent,
  429: ProblemContent,
  500: ProblemContent,
  503: ProblemContent,
} as const;

/** Problems that a call that changes something may meet. */
export const writeProblems = {
  ...readProblems,
  409: ProblemContent,
  413: ProblemContent,
  415: ProblemContent,
  422: ProblemContent,
} as const;

export const NoQuery = Type.Object({}, closed);
