/** OpenAPI 3.1 from the routes' own schemas, and a page to read it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Type } from 'typebox';
import { operationIdOf } from '../operation-id.js';

/** Register before the routes: it collects them. */
export const openapi = fastifyPlugin(
  async (
    app: FastifyInstance,
    { publicUrl, promotes }: { readonly publicUrl: string; readonly promotes: boolean },
  ) => {
    await app.register(swagger, {
      hideUntagged: true,
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Gatehouse',
          version: '1',
          description:
            'Durable workflows with human approval for platform teams. Problems are RFC 9457 and hold a remedy.',
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: publicUrl }],
        tags: [
          { name: 'requests', description: 'Ask, and see where it stands' },
          { name: 'decisions', description: 'What waits for me; decide' },
          { name: 'commands', description: 'Pause, resume, cancel, retry, skip; hold and release' },
          ...(promotes
            ? [{ name: 'promotions', description: 'What runs where; holds; figures; changes' }]
            : []),
          { name: 'webhooks', description: 'For ticket systems' },
          { name: 'operations', description: 'Health and metrics' },
        ],
        components: {
          securitySchemes: { oidc: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
        },
        security: [{ oidc: [] }],
      },
    });
    app.addHook('onRoute', (route) => {
      const { schema, method, url } = route;
      if (schema === undefined || typeof method !== 'string') return;
      route.schema = { operationId: operationIdOf(method, url), ...schema };
    });
    await app.register(readablePages);
  },
  { name: 'openapi' },
);

/** A scope of its own, so that only these routes are for anybody. */
const readablePages: FastifyPluginAsync = async (app) => {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'anybody' };
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/v1/openapi.json', { schema: { hide: true, response: { 200: Type.Any() } } }, async () =>
    app.swagger(),
  );
};
