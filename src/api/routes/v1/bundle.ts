/** The evidence of a request as a file. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { makeBundle } from '../../../ledger/bundle.js';
import type { ApiContext } from '../../context.js';
import { RequestParams, readProblems } from '../../schemas/common.js';
import { visibleRequest } from '../../visible-request.js';

export function bundleRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/requests/:requestId/bundle',
      {
        schema: {
          tags: ['requests'],
          summary: 'Evidence of a request, verifiable offline',
          description: '`gatehouse verify <file> --keys <ring>` checks it without database and Temporal.',
          params: RequestParams,
          response: {
            // kept text must leave as it is, so no serialiser touches it
            200: { description: 'bundle', content: { 'application/json': { schema: Type.Any() } } },
            ...readProblems,
          },
        },
      },
      async (request, reply) => {
        const { requestId } = await visibleRequest(context, request, request.params.requestId);
        const bundle = await makeBundle(context.deps.ledger, requestId);
        return reply
          .type('application/json')
          .header('content-disposition', `attachment; filename="${requestId}.bundle.json"`)
          .send(bundle);
      },
    );
  };
}
