/** Pause, resume, cancel, retry, skip; and revoke. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf, type Identity } from '../../../domain/identity.js';
import { isSupersedingId } from '../../../domain/promotion/superseding.js';
import { digest } from '../../../security/canonical.js';
import type { ApiContext } from '../../context.js';
import { newCommandId, newId } from '../../new-ids.js';
import { callerOf } from '../../plugins/authentication.js';
import type { CommandName } from '../../ports.js';
import { Problem } from '../../problems.js';
import { closed, IdempotencyHeaders, RequestParams, writeProblems } from '../../schemas/common.js';
import { CommandAnswerSchema, CommandSchema, RevocationSchema, SkipSchema } from '../../schemas/requests.js';
import { visibleRequest } from '../../visible-request.js';

/** Command ids go to Temporal as update ids. */
const COMMAND_ID = /^[A-Za-z0-9._:-]{1,64}$/;

const WHOLE: Readonly<Record<'pause' | 'resume' | 'cancel', string>> = {
  pause: 'Start no more targets; those in flight go on to their end',
  resume: 'Go on after a pause',
  cancel: 'Finish the effects in hand, then stop for good',
};

export function commandRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  const give = async (
    request: FastifyRequest,
    reply: FastifyReply,
    requestId: string,
    command: CommandName,
    targets: readonly string[],
  ): Promise<{ commandId: string; message: string }> => {
    const record = await visibleRequest(context, request, requestId);
    const { isTaken, ...answer } = await context.commanding.give(record, callerOf(request), {
      command,
      targets,
      commandId: commandIdOf(request.headers['idempotency-key'], callerOf(request)),
    });
    reply.code(isTaken ? 200 : 202);
    return answer;
  };

  return async (app) => {
    for (const command of ['pause', 'resume', 'cancel'] as const) {
      app.post(
        `/requests/:requestId/${command}`,
        {
          schema: {
            tags: ['commands'],
            summary: WHOLE[command],
            headers: IdempotencyHeaders,
            params: RequestParams,
            // nothing to say; an empty object is fine
            body: Type.Optional(Type.Union([Type.Null(), Type.Object({}, closed)])),
            response: { 200: CommandAnswerSchema, 202: CommandAnswerSchema, ...writeProblems },
          },
        },
        async (request, reply) => give(request, reply, request.params.requestId, command, []),
      );
    }
    app.post(
      '/requests/:requestId/retry',
      {
        schema: {
          tags: ['commands'],
          summary: 'Try failed targets again from the step that failed',
          headers: IdempotencyHeaders,
          params: RequestParams,
          body: Type.Optional(Type.Union([Type.Null(), CommandSchema])),
          response: { 200: CommandAnswerSchema, 202: CommandAnswerSchema, ...writeProblems },
        },
      },
      async (request, reply) =>
        give(request, reply, request.params.requestId, 'retry', request.body?.targets ?? []),
    );
    if ((context.deps.paths ?? []).length > 0) {
      app.post(
        '/requests/:requestId/rollback',
        {
          schema: {
            tags: ['commands'],
            summary: 'Take a promotion back: Git first, then proof that what ran before runs again',
            description:
              'For operators and the owners of the application. It pre-empts whatever the promotion waits for; the environment is held afterwards until somebody releases it.',
            headers: IdempotencyHeaders,
            params: RequestParams,
            body: Type.Optional(Type.Union([Type.Null(), Type.Object({}, closed)])),
            response: { 200: CommandAnswerSchema, 202: CommandAnswerSchema, ...writeProblems },
          },
        },
        async (request, reply) => give(request, reply, request.params.requestId, 'rollback', []),
      );
      app.post(
        '/requests/:requestId/accept',
        {
          schema: {
            tags: ['commands'],
            summary: 'Go on after a check that could not say: a person has looked',
            headers: IdempotencyHeaders,
            params: RequestParams,
            body: Type.Optional(Type.Union([Type.Null(), CommandSchema])),
            response: { 200: CommandAnswerSchema, 202: CommandAnswerSchema, ...writeProblems },
          },
        },
        async (request, reply) =>
          give(request, reply, request.params.requestId, 'accept', request.body?.targets ?? []),
      );
    }
    app.post(
      '/requests/:requestId/skip',
      {
        schema: {
          tags: ['commands'],
          summary: 'Give failed targets up, so that the request can end',
          headers: IdempotencyHeaders,
          params: RequestParams,
          body: SkipSchema,
          response: { 200: CommandAnswerSchema, 202: CommandAnswerSchema, ...writeProblems },
        },
      },
      async (request, reply) => give(request, reply, request.params.requestId, 'skip', request.body.targets),
    );
    app.post(
      '/requests/:requestId/revoke',
      {
        schema: {
          tags: ['commands'],
          summary: 'Withdraw what was allowed: from now on no effect is made for the request',
          description:
            'An entry in the ledger, which every effect asks first. The workflow finishes the effects in hand and ends as `revoked`. A repeat is the same revocation.',
          params: RequestParams,
          body: Type.Optional(Type.Union([Type.Null(), Type.Object({}, closed)])),
          response: { 202: RevocationSchema, ...writeProblems },
        },
      },
      async (request, reply) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        await context.commanding.revoke(record, callerOf(request));
        return reply.code(202).send({
          requestId: record.requestId,
          message: 'revoked: no further effect is made; the effects in hand finish, then the request ends',
        });
      },
    );
  };
}

/** Ids that we made are told to whoever gave the command, and may be sent again as a key. */
const OWN_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|cmd-[a-z2-7]{26})$/;

/** A key is the caller's own: two people who choose the same word give two commands. */
function commandIdOf(key: string | string[] | undefined, caller: Identity): string {
  if (key === undefined) return newId();
  if (typeof key === 'string' && COMMAND_ID.test(key) && !isSupersedingId(key)) {
    if (OWN_ID.test(key)) return key;
    const { kind, id } = actorOf(caller);
    return newCommandId(Buffer.from(digest(JSON.stringify([kind, id, key])), 'hex'));
  }
  throw new Problem(
    'malformed',
    'The Idempotency-Key of a command has at most 64 letters, digits or . _ : -',
  );
}
