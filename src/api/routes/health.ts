/** Alive, and able to work. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { ApiContext } from '../context.js';
import { closed, readProblems } from '../schemas/common.js';

const Readiness = Type.Object(
  {
    status: Type.String({ description: 'ready or not-ready' }),
    ledger: Type.Boolean({ description: 'the ledger answers' }),
    temporal: Type.Boolean({ description: 'Temporal answers, and its namespace can carry the work' }),
    faults: Type.Optional(
      Type.Array(
        Type.Object(
          { subject: Type.String(), detail: Type.String(), remedy: Type.Optional(Type.String()) },
          closed,
        ),
        {
          description:
            'what is in the way, as `gatehouse doctor` says it. Workers that are missing are told and make nobody unready: requests and decisions are taken meanwhile',
        },
      ),
    ),
    checkpointsBehind: Type.Optional(
      Type.Integer({
        description:
          'signed checkpoints that do not stand outside the database yet; absent: nobody keeps them',
      }),
    ),
  },
  closed,
);

export function healthRoutes({ deps }: ApiContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/healthz',
      {
        config: { access: 'anybody' },
        schema: {
          tags: ['operations'],
          summary: 'The process is alive',
          response: { 200: Type.Object({ status: Type.Literal('ok') }, closed), ...readProblems },
        },
      },
      async () => ({ status: 'ok' as const }),
    );
    app.get(
      '/readyz',
      {
        config: { access: 'anybody' },
        schema: {
          tags: ['operations'],
          summary: 'The API can do its work',
          response: { ...readProblems, 200: Readiness, 503: Readiness },
        },
      },
      async (_request, reply) => {
        const [ledger, fitness] = await Promise.all([
          answers(() => deps.ledger.head()),
          deps.workflows.fitness().catch(() => undefined),
        ]);
        const faults = (fitness ?? []).filter(({ isFit }) => !isFit);
        const temporal = fitness !== undefined && faults.every(({ subject }) => subject === 'workers');
        const ready = ledger && temporal;
        // told, and never a reason to be restarted
        const behind = ledger ? await deps.checkpointsBehind?.().catch(() => undefined) : undefined;
        return reply.code(ready ? 200 : 503).send({
          status: ready ? 'ready' : 'not-ready',
          ledger,
          temporal,
          ...(faults.length === 0
            ? {}
            : {
                faults: faults.map(({ subject, detail, remedy }) => ({
                  subject,
                  detail,
                  ...(remedy === undefined ? {} : { remedy }),
                })),
              }),
          ...(behind === undefined ? {} : { checkpointsBehind: behind }),
        });
      },
    );
  };
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch {
    return false;
  }
}
