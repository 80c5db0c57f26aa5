import Type from 'typebox';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { StandIn } from '../framework/stand-in.js';
import { answerTo } from './metrics.js';
import { ChecksSettings, ChecksState, Metric, Page } from './state.js';

const Form = Type.Object({ query: Type.Optional(Type.String()) });

/**
 * What a delivered service looks like from outside: pages of a service, at the paths below the origin, and its metrics by
 * the HTTP API of Prometheus below `/prometheus`. Both say what was last set.
 *
 * Control routes beside the common ones: `POST /_sandbox/page {path, status, headers?, body?, padding?}`, `POST
 * /_sandbox/metric {query, answer, warnings?}`.
 */
export async function startChecks(context: StandInContext): Promise<RunningStandIn> {
  const standIn = new StandIn({
    system: 'checks',
    folder: context.folder,
    state: {
      schema: ChecksState,
      initial: () => ({
        pages: [
          { path: '/healthz', status: 200, body: { status: 'ok', checks: [{ name: 'database', ok: true }] } },
        ],
        metrics: [{ query: 'shop_error_ratio', answer: { scalar: 0.001 } }],
      }),
    },
    settings: { schema: ChecksSettings, defaults: {} },
    errorBody: ({ code, message }) => ({ status: 'error', errorType: code, error: message }),
    authenticate: (call) => {
      if (call.header('authorization') === `Bearer ${context.world.checks.prometheusToken}`) return;
      throw new Refusal(401, 'Unauthorized');
    },
  });
  const { state } = standIn;

  const query = (call: Call) => {
    const expression = call.request.method === 'GET' ? call.query('query') : call.body(Form).query;
    if (expression === undefined || expression === '') {
      throw new Refusal(
        400,
        'invalid parameter "query": unknown position: parse error: no expression found in input',
        {
          code: 'bad_data',
        },
      );
    }
    return answerTo(state.metrics.find((metric) => metric.query === expression));
  };
  for (const method of ['GET', 'POST'] as const) {
    standIn.operation({ id: 'instant query', method, path: '/prometheus/api/v1/query', handle: query });
  }
  standIn.raw({
    id: 'get page',
    method: ['GET', 'HEAD'],
    path: '/*',
    handle: (request, reply) => {
      const { pathname } = new URL(request.url, 'http://checks.invalid');
      const page = state.pages.find((one) => one.path === pathname);
      if (page === undefined) return reply.code(404).type('text/plain').send('not found');
      const { status, headers = {}, body, padding = 0 } = page;
      const isText = typeof body === 'string' || body === undefined;
      const text = `${isText ? (body ?? '') : JSON.stringify(body)}${' '.repeat(padding)}`;
      return reply
        .code(status)
        .type(isText ? 'text/plain' : 'application/json')
        .headers(headers)
        .send(text);
    },
  });

  standIn.control('POST', '/page', Page, (page) =>
    standIn.act('changed', `page ${page.path}`, () => {
      state.pages.splice(
        0,
        state.pages.length,
        ...state.pages.filter(({ path }) => path !== page.path),
        page,
      );
    }),
  );
  standIn.control('POST', '/metric', Metric, (metric) =>
    standIn.act('changed', `metric ${metric.query}`, () => {
      const others = state.metrics.filter((one) => one.query !== metric.query);
      state.metrics.splice(0, state.metrics.length, ...others, metric);
    }),
  );
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}
