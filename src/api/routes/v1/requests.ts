/** Ask, and see where it stands. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { actorOf } from '../../../domain/identity.js';
import { referencesIn } from '../../../domain/personal-text.js';
import { currentPlan, type RequestRecord } from '../../../domain/record.js';
import { recordOf } from '../../../ledger/record.js';
import { canonicalJson, digest } from '../../../security/canonical.js';
import type { ApiContext } from '../../context.js';
import type { AskedManifest } from '../../intake/intake.js';
import { noPromotions, sameOfAnother } from '../../intake/refusals.js';
import type { PromotionShorthand } from '../../intake/shorthand.js';
import { callerOf } from '../../plugins/authentication.js';
import { Problem } from '../../problems.js';
import { listRequests } from '../../request-list.js';
import { IdempotencyHeaders, RequestParams, readProblems, writeProblems } from '../../schemas/common.js';
import {
  type AskBody,
  askSchema,
  EntriesSchema,
  listQuery,
  PlanSchema,
  RequestListSchema,
  type StatusBody,
  StatusSchema,
} from '../../schemas/requests.js';
import { planView } from '../../views/plan-view.js';
import { statusView } from '../../views/status-view.js';
import { visibleRequest } from '../../visible-request.js';

export function requestRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  const { deps, intake, reader } = context;
  const promotes = (deps.paths ?? []).length > 0;
  const viewOf = async (record: RequestRecord): Promise<StatusBody> =>
    statusView(record, await reader.closelyOf(record), deps.publicUrl);

  return async (app) => {
    app.post(
      '/requests',
      {
        config: { access: ['requester', 'operator'] },
        preValidation: async ({ body }) => {
          if (!promotes && isForPromotion(body)) throw noPromotions();
        },
        schema: {
          tags: ['requests'],
          summary: 'Ask for something',
          description:
            'The same Idempotency-Key with the same body, and the same content while its request is open, answer the request that is there already (200), to those who may see it.',
          headers: IdempotencyHeaders,
          body: askSchema(promotes),
          response: { 200: StatusSchema, 202: StatusSchema, ...writeProblems },
        },
      },
      async (request, reply) => {
        const identity = callerOf(request);
        const key = request.headers['idempotency-key'];
        const actor = actorOf(identity);
        const { requestId, isNew } = await intake.take({
          by: actor,
          ...(identity.kind === 'person' && identity.name !== '' ? { byName: identity.name } : {}),
          kind: request.body.kind,
          manifest: manifestOf(request.body),
          ...(request.body.requestedFor === undefined
            ? {}
            : { requestedFor: request.body.requestedFor.toLowerCase() }),
          ...(request.body.ticket === undefined ? {} : { ticket: request.body.ticket }),
          ...(request.body.reason === undefined ? {} : { reason: request.body.reason }),
          ...(key === undefined
            ? {}
            : {
                idempotency: {
                  key,
                  actorId: `${actor.kind}:${actor.id}`,
                  bodyHash: digest(canonicalJson(request.body)),
                },
              }),
        });
        const record = recordOf(await deps.ledger.entriesOf(requestId));
        if (record === null) throw new Error('an accepted request is not in the ledger');
        if (!isNew && !context.roles.maySee(identity, record)) throw sameOfAnother(requestId);
        return reply
          .code(isNew ? 202 : 200)
          .header('location', `/v1/requests/${requestId}`)
          .send(await viewOf(record));
      },
    );

    app.get(
      '/requests',
      {
        schema: {
          tags: ['requests'],
          summary: 'Requests that I may see, newest first',
          querystring: listQuery(promotes),
          response: { 200: RequestListSchema, ...readProblems },
        },
      },
      async (request) => listRequests(context, callerOf(request), request.query),
    );

    app.get(
      '/requests/:requestId',
      {
        schema: {
          tags: ['requests'],
          summary: 'Where a request stands',
          params: RequestParams,
          response: { 200: StatusSchema, ...readProblems },
        },
      },
      async (request) => viewOf(await visibleRequest(context, request, request.params.requestId)),
    );

    app.get(
      '/requests/:requestId/plan',
      {
        schema: {
          tags: ['requests'],
          summary: 'What carrying it out will create, change or remove',
          params: RequestParams,
          response: { 200: PlanSchema, ...readProblems },
        },
      },
      async (request) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        const plan = currentPlan(record);
        if (plan === undefined) {
          throw new Problem('not-found', 'Nothing is planned yet.', { remedy: 'Ask again in a moment.' });
        }
        const refs = [...plan.plan.targets.flatMap(({ invitees }) => invitees), ...referencesIn(record)];
        return planView(record.requestId, plan, await deps.ledger.personal([...new Set(refs)]));
      },
    );

    app.get(
      '/requests/:requestId/entries',
      {
        schema: {
          tags: ['requests'],
          summary: 'Everything that the ledger holds of a request, as it was hashed',
          params: RequestParams,
          response: { 200: EntriesSchema, ...readProblems },
        },
      },
      async (request) => {
        const record = await visibleRequest(context, request, request.params.requestId);
        const entries = await deps.ledger.storedEntriesOf(record.requestId);
        return { entries: entries.map((entry) => ({ ...entry })) };
      },
    );
  };
}

/** One form, not several; the schema alone cannot say so in words that help. */
function manifestOf(body: AskBody): AskedManifest {
  const promotion = body.kind === 'Promotion' ? shorthandOf(body) : undefined;
  const forms: readonly AskedManifest[] = [
    ...(body.manifest === undefined ? [] : [{ text: body.manifest }]),
    ...(body.source === undefined ? [] : [{ source: body.source }]),
    ...(promotion === undefined ? [] : [{ promotion }]),
  ];
  const [form, second] = forms;
  if (form !== undefined && second === undefined) return form;
  const message =
    body.kind === 'Fleet'
      ? 'must have "manifest" or "source", and not both'
      : 'must have "manifest", "source", or "application" and "to", and not more than one of them';
  throw new Problem('malformed', 'Give either the manifest or its source.', {
    faults: [{ place: 'body', message }],
  });
}

function shorthandOf(body: Extract<AskBody, { kind: 'Promotion' }>): PromotionShorthand | undefined {
  const { application, to, from, release, exception, shadow } = body;
  if ([application, to, from, release, exception, shadow].every((part) => part === undefined))
    return undefined;
  const faults = Object.entries({ application, to }).flatMap(([name, value]) =>
    value === undefined ? [{ place: 'body', message: `must have required property '${name}'` }] : [],
  );
  if (application === undefined || to === undefined) {
    throw new Problem('malformed', 'A promotion names the application and the environment.', { faults });
  }
  return {
    application,
    to,
    ...(from === undefined ? {} : { from }),
    ...(release === undefined ? {} : { release }),
    ...(exception === undefined ? {} : { exception }),
    ...(shadow === undefined ? {} : { shadow }),
  };
}

function isForPromotion(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Promotion';
}
