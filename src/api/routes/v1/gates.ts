/** What waits for me, what exactly is asked, and my decision. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { currentPlan } from '../../../domain/record.js';
import { subjectOf } from '../../../domain/subject.js';
import type { ApiContext } from '../../context.js';
import { gateOf } from '../../decisions.js';
import { LIMITS } from '../../limits.js';
import { callerOf } from '../../plugins/authentication.js';
import { Problem } from '../../problems.js';
import { GateParams, readProblems, writeProblems } from '../../schemas/common.js';
import { DecideSchema, DecisionSchema, GateSchema, InboxSchema } from '../../schemas/gates.js';
import { gateView, refsOf } from '../../views/gate-view.js';
import { visibleRequest } from '../../visible-request.js';

export function gateRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  const { deps, deciding, inbox, reader, roles } = context;
  return async (app) => {
    app.get(
      '/inbox',
      {
        schema: {
          tags: ['decisions'],
          summary: 'Gates that wait for my decision',
          response: { 200: InboxSchema, ...readProblems },
        },
      },
      async (request) => {
        const items = await inbox.of(callerOf(request));
        return {
          items: items.map(({ gate, record }) => ({
            requestId: record.requestId,
            gate: gate.gate,
            group: gateOf(record, gate.gate).approvers.group,
            epoch: gate.epoch,
            ...subjectOf(record.request),
            targets: record.request.content.targets.length,
            ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
            openedAt: gate.openedAt,
            ...(gate.due === null ? {} : { due: gate.due }),
          })),
        };
      },
    );

    app.get(
      '/requests/:requestId/gates/:gate',
      {
        schema: {
          tags: ['decisions'],
          summary: 'Exactly what is asked at a gate',
          params: GateParams,
          response: { 200: GateSchema, ...readProblems },
        },
      },
      async (request) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        const gate = gateOf(record, request.params.gate);
        const plan = currentPlan(record);
        if (plan === undefined) {
          throw new Problem('not-found', 'Nothing is planned yet, so nothing is asked yet.');
        }
        const [status, votes, values] = await Promise.all([
          reader.statusOf(record),
          reader.votesOf(record),
          deps.ledger.personal(refsOf(record)),
        ]);
        return gateView({
          record,
          gate,
          plan,
          status,
          votes,
          identity: callerOf(request),
          decidingGroups: roles.decidingGroups(record, gate),
          values,
          nowMs: deps.now(),
        });
      },
    );

    app.post(
      '/requests/:requestId/gates/:gate/decisions',
      {
        config: { rateLimit: { max: LIMITS.decisionsPerMinute, timeWindow: 60_000 } },
        schema: {
          tags: ['decisions'],
          summary: 'Decide',
          description:
            'Send the epoch and plan digest that you read: when what is asked has changed since, the decision is refused. One person decides once; the same decision again answers the recorded one (200).',
          params: GateParams,
          body: DecideSchema,
          response: { 200: DecisionSchema, 201: DecisionSchema, ...writeProblems },
        },
      },
      async (request, reply) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        const { gate } = request.params;
        const { comment, ...given } = request.body;
        const decided = await deciding.decide(record, gate, callerOf(request), {
          ...given,
          ...(comment === undefined ? {} : { comment }),
        });
        return reply.code(decided.isNew ? 201 : 200).send({
          requestId: record.requestId,
          gate,
          epoch: given.epoch,
          decision: decided.decision,
          jti: decided.jti,
          seq: decided.seq,
        });
      },
    );
  };
}
