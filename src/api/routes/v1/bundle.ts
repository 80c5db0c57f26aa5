/** The evidence of a request as a file. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { entriesOfType, type RequestRecord } from '../../../domain/record.js';
import { type Bundle, makeBundle } from '../../../ledger/bundle.js';
import type { ApiContext } from '../../context.js';
import { RequestParams, readProblems } from '../../schemas/common.js';
import { visibleRequest } from '../../visible-request.js';

/** What has ended verifies at once; what is open grows, and its last entries wait for the next checkpoint. */
async function coveredBundle(
  { ledger, coverEntry }: ApiContext['deps'],
  record: RequestRecord,
): Promise<Bundle> {
  const bundle = await makeBundle(ledger, record.requestId);
  const hasEnded = entriesOfType(record.entries, 'request.ended').length > 0;
  if (bundle.checkpoint !== null || coverEntry === undefined || !hasEnded) return bundle;
  await coverEntry(bundle.entries.at(-1)?.seq ?? 0);
  return makeBundle(ledger, record.requestId);
}

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
        const record = await visibleRequest(context, request, request.params.requestId);
        const bundle = await coveredBundle(context.deps, record);
        const { requestId } = record;
        return reply
          .type('application/json')
          .header('content-disposition', `attachment; filename="${requestId}.bundle.json"`)
          .send(bundle);
      },
    );
  };
}
