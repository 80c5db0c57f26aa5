/** Stop changes, and let them go on. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { describeScope } from '../../../domain/promotion/holds.js';
import type { ApiContext } from '../../context.js';
import { callerOf } from '../../plugins/authentication.js';
import { closed, IdempotencyHeaders, readProblems, writeProblems } from '../../schemas/common.js';
import {
  HoldParams,
  HoldSchema,
  HoldsSchema,
  PlaceHoldSchema,
  ReleasedSchema,
} from '../../schemas/promotions.js';
import { holdView } from '../../views/environments-view.js';

export function holdRoutes({ holds }: ApiContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/holds',
      {
        schema: {
          tags: ['commands'],
          summary: 'What is held, oldest first',
          response: { 200: HoldsSchema, ...readProblems },
        },
      },
      async (request) => ({ holds: (await holds.seenBy(callerOf(request))).map(holdView) }),
    );

    app.post(
      '/holds',
      {
        schema: {
          tags: ['commands'],
          summary: 'Stop changes of everything, of an application or of an environment',
          description:
            'For operators; for owners of the application that it names. From its entry in the ledger on nothing of the scope is merged; what is merged already goes on. It holds until somebody releases it. The same Idempotency-Key is the same hold.',
          headers: IdempotencyHeaders,
          body: PlaceHoldSchema,
          response: { 201: HoldSchema, ...writeProblems },
        },
      },
      async (request, reply) => {
        const { scope, reason } = request.body;
        const key = request.headers['idempotency-key'];
        const hold = await holds.place(callerOf(request), scope, reason, key);
        return reply.code(201).send(holdView(hold));
      },
    );

    app.post(
      '/holds/:holdId/release',
      {
        schema: {
          tags: ['commands'],
          summary: 'Let changes go on',
          description: 'For whoever may place it. Promotions that wait for it look again at once.',
          params: HoldParams,
          body: Type.Optional(Type.Union([Type.Null(), Type.Object({}, closed)])),
          response: { 200: ReleasedSchema, ...writeProblems },
        },
      },
      async (request) => {
        const { holdId } = request.params;
        const hold = await holds.release(callerOf(request), holdId);
        return {
          holdId,
          message:
            hold === null
              ? 'it was released before'
              : `changes of ${describeScope(hold.scope)} go on, unless something else holds them`,
        };
      },
    );
  };
}
