/** Prometheus metrics: patterns of routes and status codes, never an id or a name. */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { Type } from 'typebox';
import { Problem } from '../problems.js';
import { readProblems } from '../schemas/common.js';

/** Seconds: from a cached read to the slowest honest call. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const metrics = fastifyPlugin(
  async (app: FastifyInstance, { token }: { readonly token: string | undefined }) => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const seconds = new Histogram({
      name: 'gatehouse_http_request_seconds',
      help: 'Time to answer a call, by method, route pattern and status',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [registry],
    });
    const refused = new Counter({
      name: 'gatehouse_calls_refused_total',
      help: 'Calls refused with 401, 403, 404, 409, 422 or 429, by route pattern and status',
      labelNames: ['route', 'status'],
      registers: [registry],
    });
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown';
      const status = String(reply.statusCode);
      seconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000);
      if (reply.statusCode >= 401 && reply.statusCode < 500) refused.inc({ route, status });
    });
    app.get(
      '/metrics',
      {
        config: { access: 'anybody' },
        schema: {
          tags: ['operations'],
          summary: 'Prometheus metrics',
          response: {
            200: { description: 'text format', content: { 'text/plain': { schema: Type.String() } } },
            ...readProblems,
          },
        },
      },
      async (request, reply) => {
        if (token !== undefined && !carries(request, token)) {
          throw new Problem('unauthenticated', 'The metrics want their own bearer token.');
        }
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await registry.metrics());
      },
    );
  },
  { name: 'metrics' },
);

function carries(request: FastifyRequest, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
