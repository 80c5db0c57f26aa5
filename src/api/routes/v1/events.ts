/** Live progress as server-sent events. */
import { PassThrough } from 'node:stream';
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { RequestStatus } from '../../../domain/status/shapes.js';
import type { ApiContext } from '../../context.js';
import { STREAM } from '../../limits.js';
import { callerOf } from '../../plugins/authentication.js';
import { Problem } from '../../problems.js';
import { RequestParams, readProblems } from '../../schemas/common.js';
import { StatusStream } from '../../status-stream.js';
import { statusView } from '../../views/status-view.js';
import { visibleRequest } from '../../visible-request.js';

export function eventRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  const { deps, reader, feed } = context;
  /** open streams, each with its caller */
  const open = new Map<StatusStream, string>();
  return async (app) => {
    app.addHook('preClose', async () => {
      for (const stream of open.keys()) stream.end();
    });
    app.get(
      '/requests/:requestId/events',
      {
        // asking for the headers alone would leave a stream open behind it
        exposeHeadRoute: false,
        schema: {
          tags: ['requests'],
          summary: 'Live progress',
          description:
            'Server-sent events: `status` with the same body as the request itself, now and after every change; `end` after the last one. The stream is closed after ten minutes: connect again.',
          params: RequestParams,
          response: {
            200: { description: 'events', content: { 'text/event-stream': { schema: Type.Any() } } },
            ...readProblems,
          },
        },
      },
      async (request, reply) => {
        const { requestId } = await visibleRequest(context, request, request.params.requestId);
        const { kind, personId } = callerOf(request);
        const caller = `${kind} ${personId}`;
        const own = [...open.values()].filter((other) => other === caller).length;
        if (open.size >= STREAM.maxOpen || own >= STREAM.maxPerCaller) {
          throw new Problem('unavailable', 'Too many streams are open.', {
            remedy: 'Ask for the status instead.',
          });
        }
        const output = new PassThrough();
        const stream = new StatusStream(output, {
          feed,
          requestId,
          read: async () => {
            const record = await reader.find(requestId);
            if (record === null) return null;
            const around = await reader.closelyAround(record);
            const status = await reader.statusOf(record, around);
            return {
              seq: record.entries.at(-1)?.seq ?? 0,
              // the age of an attempt changes with every look: what is told of it is compared
              beside: JSON.stringify({ ...around, run: told(status) }),
              status: statusView(record, status, deps.publicUrl),
            };
          },
          onTrouble: (error) => request.log.warn({ err: error }, 'stream ended'),
        });
        open.set(stream, caller);
        output.once('close', () => {
          open.delete(stream);
          stream.end();
        });
        try {
          await stream.begin();
        } catch (error) {
          output.destroy();
          throw error;
        }
        return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(output);
      },
    );
  };
}

/** What of a status the engine's attempts make, without what only counts seconds. */
function told({ waitingFor }: RequestStatus): readonly string[] {
  return waitingFor.map(({ condition, next }) => `${condition.replaceAll(/\d+ s\b/g, '')} ${next}`);
}
