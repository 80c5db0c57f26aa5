/** Prometheus metrics: patterns of routes and status codes, never an id or a name. */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Type } from 'typebox';
import type { ApiLedger } from '../../ledger/ports.js';
import { Problem } from '../problems.js';
import { readProblems } from '../schemas/common.js';
import { WorkGauges } from './work-gauges.js';

/** Seconds: from a cached read to the slowest honest call. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface MetricsOptions {
  readonly token: string | undefined;
  readonly ledger: Pick<ApiLedger, 'vitalSigns' | 'workload'>;
  /** absent: nobody keeps checkpoints outside the database */
  readonly checkpointsBehind: (() => Promise<number>) | undefined;
}

export const metrics = fastifyPlugin(
  async (app: FastifyInstance, { token, ledger, checkpointsBehind }: MetricsOptions) => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
    const alarms = gauge('gatehouse_alarms', 'Alarm entries in the ledger so far');
    const waiting = gauge('gatehouse_outbox_waiting', 'Messages for workflows that are not delivered');
    const oldest = gauge(
      'gatehouse_outbox_oldest_seconds',
      'Age of the oldest message that is not delivered',
    );
    const behind =
      checkpointsBehind === undefined
        ? undefined
        : gauge('gatehouse_checkpoints_behind', 'Checkpoints that do not stand outside the database yet');
    const work = new WorkGauges(registry);
    /** While the ledger does not answer these are absent: an old number would look like a good one. */
    const look = async (): Promise<void> => {
      for (const one of [alarms, waiting, oldest, behind]) one?.remove();
      work.forget();
      const signs = await ledger.vitalSigns();
      alarms.set(signs.alarms);
      waiting.set(signs.outboxWaiting);
      oldest.set(signs.outboxOldestSeconds);
      work.show(await ledger.workload());
      if (checkpointsBehind !== undefined) behind?.set(await checkpointsBehind());
    };
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
        await look().catch((error: unknown) =>
          request.log.warn({ err: error }, 'metrics without the ledger'),
        );
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
