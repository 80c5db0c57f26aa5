/** What waits for me, what exactly is asked, and my decision. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { currentPlan } from '../../../domain/record.js';
import type { ApiContext } from '../../context.js';
import { type GivenDecision, gateOf } from '../../decisions.js';
import { LIMITS } from '../../limits.js';
import { callerOf } from '../../plugins/authentication.js';
import { Problem } from '../../problems.js';
import { GateParams, readProblems, writeProblems } from '../../schemas/common.js';
import { CheckedSchema, DecideSchema, DecisionSchema, GateSchema, InboxSchema } from '../../schemas/gates.js';
import { gateView, refsOf } from '../../views/gate-view.js';
import { askedRefsOf, inboxItemView } from '../../views/inbox-view.js';
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
        const values = await deps.ledger.personal([
          ...new Set(items.flatMap(({ record }) => askedRefsOf(record.request))),
        ]);
        return { items: items.map((item) => inboxItemView(item, values)) };
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
      '/requests/:requestId/gates/:gate/decisions/check',
      {
        config: { rateLimit: { max: LIMITS.decisionsPerMinute, timeWindow: 60_000 } },
        schema: {
          tags: ['decisions'],
          summary: 'Would this decision be taken?',
          description:
            'Judges the same body as a decision by the same rules, and records nothing: the problem is the one that the decision would be refused with.',
          params: GateParams,
          body: DecideSchema,
          response: { 200: CheckedSchema, ...writeProblems },
        },
      },
      async (request, reply) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        await deciding.check(record, request.params.gate, callerOf(request), givenIn(request.body));
        return reply.code(200).send({ wouldBeTaken: true });
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
        const given = givenIn(request.body);
        const decided = await deciding.decide(record, gate, callerOf(request), given);
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

function givenIn({ comment, ...given }: Static<typeof DecideSchema>): GivenDecision {
  return { ...given, ...(comment === undefined ? {} : { comment }) };
}
