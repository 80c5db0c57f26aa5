/** The decisions of a request, of both signs and of every epoch, for those who decide after them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { entriesOfType } from '../../../domain/record.js';
import type { ApiContext } from '../../context.js';
import { closed, RequestParams, readProblems, Time } from '../../schemas/common.js';
import { visibleRequest } from '../../visible-request.js';

const DecisionsSchema = Type.Object(
  {
    decisions: Type.Array(
      Type.Object(
        {
          gate: Type.String(),
          epoch: Type.Integer(),
          decision: Type.String({ description: 'approve or reject' }),
          personId: Type.String({ description: "the directory's id of the person" }),
          at: Time,
          seq: Type.Integer({ description: 'position in the ledger' }),
          holds: Type.Boolean({
            description:
              'false: its signature does not hold, or it is bound to something else; it counts for nothing',
          }),
          evidence: Type.Record(Type.String(), Type.String()),
          comment: Type.Optional(Type.String({ description: 'absent also when it was erased' })),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type DecisionsBody = Static<typeof DecisionsSchema>;

export function decisionRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  const { deps, reader } = context;
  return async (app) => {
    app.get(
      '/requests/:requestId/decisions',
      {
        schema: {
          tags: ['decisions'],
          summary: 'What was decided so far, oldest first',
          params: RequestParams,
          response: { 200: DecisionsSchema, ...readProblems },
        },
      },
      async (request) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        const entries = entriesOfType(record.entries, 'decision.made');
        const comments = entries.flatMap(({ body }) => (body.comment === undefined ? [] : [body.comment]));
        const [votes, values] = await Promise.all([reader.votesOf(record), deps.ledger.personal(comments)]);
        return {
          decisions: entries.map(({ at, seq, body }) => {
            // one vote per person, gate and epoch
            const vote = votes.find(
              (other) =>
                other.gate === body.gate && other.epoch === body.epoch && other.personId === body.personId,
            );
            const comment = body.comment === undefined ? undefined : values.get(body.comment);
            return {
              gate: body.gate,
              epoch: body.epoch,
              decision: body.decision,
              personId: body.personId,
              at,
              seq,
              holds: vote !== undefined,
              evidence: { ...vote?.evidence },
              ...(comment === undefined ? {} : { comment }),
            };
          }),
        };
      },
    );
  };
}
