/** Ticket systems ask with signed webhooks. Whatever is wrong with the signature, they learn nothing but 401. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { RequestKind } from '../../../domain/request.js';
import { canonicalJson, digest } from '../../../security/canonical.js';
import { verifyWebhook, WebhookError } from '../../../security/webhook.js';
import type { ApiContext } from '../../context.js';
import type { AskedManifest } from '../../intake/intake.js';
import { refuseUnkeepable } from '../../plugins/kept-texts.js';
import type { ApiDependencies, TicketHooks } from '../../ports.js';
import { Problem } from '../../problems.js';
import { closed, writeProblems } from '../../schemas/common.js';
import { ASKED } from '../../schemas/requests.js';

const { manifest, source, requestedFor, reason } = ASKED;

/** @param kinds what may be asked for here */
const ticketSchema = (kinds: RequestKind[]) =>
  Type.Object(
    {
      event: Type.Literal('request.create'),
      ticket: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._/#:-]{0,63}$' }),
      kind: Type.Optional(Type.Enum(kinds, { description: 'default: Fleet' })),
      requestedFor: Type.Optional(requestedFor),
      manifest,
      source,
      reason,
    },
    {
      ...closed,
      description: 'signed as Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature',
    },
  );
type Ticket = Static<ReturnType<typeof ticketSchema>>;

const Answer = Type.Object({ id: Type.String({ description: 'id of the request' }) }, closed);

export function webhookRoutes({ deps, intake }: ApiContext, hooks: TicketHooks): FastifyPluginAsyncTypebox {
  const schema = ticketSchema((deps.paths ?? []).length > 0 ? ['Fleet', 'Promotion'] : ['Fleet']);
  const shape = Compile(schema);
  return async (app) => {
    // the signature is over the bytes as they came
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
      done(null, body);
    });
    app.post(
      '/webhooks/tickets',
      {
        config: { access: 'anybody' },
        // documented, but judged only after the signature
        validatorCompiler: () => () => true,
        schema: {
          tags: ['webhooks'],
          summary: 'A ticket asks for something',
          description:
            'The same webhook-id with the same ticket, sent again, answers the request that is there already, whether it was signed anew or not.',
          body: schema,
          response: { 200: Answer, 202: Answer, ...writeProblems },
        },
      },
      async (request, reply) => {
        const raw: unknown = request.body;
        const text = typeof raw === 'string' ? raw : '';
        const id = verified(request, text, hooks, deps);
        const ticket = readTicket(shape, text);
        const given: AskedManifest | undefined =
          ticket.manifest === undefined
            ? ticket.source && { source: ticket.source }
            : { text: ticket.manifest };
        if (given === undefined || (ticket.manifest !== undefined && ticket.source !== undefined)) {
          throw new Problem('malformed', 'Give either the manifest or its source.');
        }
        const { requestId, isNew } = await intake.take({
          by: { kind: 'machine', id: hooks.clientId },
          kind: ticket.kind ?? 'Fleet',
          manifest: given,
          ...(ticket.requestedFor === undefined ? {} : { requestedFor: ticket.requestedFor.toLowerCase() }),
          ticket: ticket.ticket,
          ...(ticket.reason === undefined ? {} : { reason: ticket.reason }),
          idempotency: {
            key: id,
            actorId: `webhook:${hooks.clientId}`,
            bodyHash: digest(canonicalJson(ticket)),
          },
        });
        return reply
          .code(isNew ? 202 : 200)
          .header('location', `/v1/requests/${requestId}`)
          .send({ id: requestId });
      },
    );
  };
}

/**
 * The id of a call that is signed, of now. A copy of one is no attack: what it asks for is there already, and nothing is
 * learned or done anew, so that a sender whose connection broke may send the very same again.
 */
function verified(
  request: FastifyRequest,
  text: string,
  hooks: TicketHooks,
  { now }: Pick<ApiDependencies, 'now'>,
): string {
  try {
    return verifyWebhook(hooks.secrets, request.headers, text, new Date(now())).id;
  } catch (error) {
    if (!(error instanceof WebhookError) || error.reason === 'secret') throw error;
    request.log.info({ reason: error.message }, 'webhook refused');
    throw new Problem('unauthenticated', 'The signature does not hold.', {
      remedy: 'Sign with the shared secret, and with the time of sending: at most five minutes ago.',
    });
  }
}

function readTicket(
  shape: Validator<Record<string, never>, ReturnType<typeof ticketSchema>>,
  text: string,
): Ticket {
  let body: unknown;
  try {
    // some senders begin with a byte order mark
    body = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new Problem('malformed', 'The body cannot be read as JSON.');
  }
  refuseUnkeepable({ body });
  if (shape.Check(body)) return body;
  throw new Problem('malformed', 'The ticket is not of its shape.', {
    faults: shape
      .Errors(body)
      .slice(0, 20)
      .map((fault) => ({ place: `body${fault.instancePath.replaceAll('/', '.')}`, message: fault.message })),
  });
}
