/** Figures of promotions and the log of changes, out of the ledger. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Identity } from '../../../domain/identity.js';
import { changeLog, changeLogCsv } from '../../../domain/promotion/change-log.js';
import { type Period, promotionFigures } from '../../../domain/promotion/figures.js';
import type { ApiContext } from '../../context.js';
import { HISTORY } from '../../limits.js';
import { callerOf } from '../../plugins/authentication.js';
import { Problem } from '../../problems.js';
import { type EnvironmentName, PromotionRecords } from '../../promotion-records.js';
import { readProblems } from '../../schemas/common.js';
import { ChangesSchema, FiguresSchema, type PeriodBody, PeriodQuery } from '../../schemas/promotions.js';

export function figureRoutes({ deps, roles }: ApiContext): FastifyPluginAsyncTypebox {
  const promotions = new PromotionRecords(deps.ledger);

  /** Environments that are asked for, as far as the caller may see them. */
  const environmentsFor = (identity: Identity, query: PeriodBody): readonly EnvironmentName[] =>
    (deps.paths ?? [])
      .filter(({ manifest }) => roles.maySeeApplication(identity, manifest.spec.owners))
      .flatMap(({ manifest: { metadata, spec } }) =>
        spec.environments.slice(1).map(({ name }) => ({ application: metadata.name, environment: name })),
      )
      .filter(
        ({ application, environment }) =>
          application === (query.application ?? application) &&
          environment === (query.environment ?? environment),
      );

  return async (app) => {
    app.get(
      '/figures',
      {
        schema: {
          tags: ['promotions'],
          summary:
            'Deployment frequency, lead time, failure rate and time to restore, waiting apart from working',
          querystring: PeriodQuery,
          response: { 200: FiguresSchema, ...readProblems },
        },
      },
      async (request) => {
        const { query } = request;
        const period = periodOf(query, deps.now());
        const records = await promotions.since(
          environmentsFor(callerOf(request), query),
          period.fromMs - HISTORY.reachBackMs,
        );
        return {
          from: new Date(period.fromMs).toISOString(),
          to: new Date(period.toMs).toISOString(),
          figures: promotionFigures(records, period, deps.now()).map((figures) => ({
            ...figures,
            waitingByGroup: figures.waitingByGroup.map((group) => ({ ...group })),
          })),
        };
      },
    );

    app.get(
      '/changes',
      {
        schema: {
          tags: ['promotions'],
          summary: 'The change log: one row for each promotion of the period, oldest first',
          description: 'As JSON, or as CSV (RFC 4180) with `Accept: text/csv`.',
          querystring: PeriodQuery,
          response: {
            200: {
              description: 'changes',
              content: {
                'application/json': { schema: ChangesSchema },
                'text/csv': { schema: { type: 'string' } },
              },
            },
            ...readProblems,
          },
        },
      },
      async (request, reply) => {
        const { query } = request;
        const { fromMs, toMs } = periodOf(query, deps.now());
        const records = await promotions.since(environmentsFor(callerOf(request), query), fromMs);
        const changes = changeLog(records, deps.now()).filter(
          ({ at }) => Date.parse(at) >= fromMs && Date.parse(at) < toMs,
        );
        if (request.headers.accept?.includes('text/csv') !== true) {
          return reply.type('application/json').send({ changes: changes.map((row) => ({ ...row })) });
        }
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="changes.csv"')
          .send(changeLogCsv(changes));
      },
    );
  };
}

function periodOf({ from, to }: PeriodBody, nowMs: number): Period {
  const toMs = to === undefined ? nowMs : momentOf(to, 'to');
  const fromMs = from === undefined ? toMs - HISTORY.defaultMs : momentOf(from, 'from');
  if (fromMs >= toMs) {
    throw new Problem('malformed', 'The period ends before it begins.', {
      faults: [{ place: 'querystring.to', message: 'must be later than from' }],
    });
  }
  return { fromMs, toMs };
}

function momentOf(text: string, name: 'from' | 'to'): number {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new Problem('malformed', `There is no such time: ${text}.`, {
    faults: [{ place: `querystring.${name}`, message: 'must be a time that exists' }],
  });
}
