import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { StandIn } from '../framework/stand-in.js';
import { type Ticket, TicketsSettings, TicketsState } from './state.js';

const NewTicket = Type.Object(
  { title: Type.String({ minLength: 1 }), requestedFor: Type.Optional(Type.String()) },
  { additionalProperties: false },
);
const Comment = Type.Object(
  {
    comment: Type.Optional(Type.String()),
    status: Type.Optional(
      Type.Union([
        Type.Literal('new'),
        Type.Literal('in progress'),
        Type.Literal('resolved'),
        Type.Literal('closed'),
      ]),
    ),
  },
  { additionalProperties: false },
);
const Sending = Type.Object(
  {
    url: Type.String(),
    body: Type.Unknown(),
    /** the same id again is a repeated delivery */
    id: Type.Optional(Type.String()),
    /** seconds since 1970; another time than now is a replay */
    timestamp: Type.Optional(Type.Integer()),
    /** another secret than the agreed one: a forgery */
    secret: Type.Optional(Type.String()),
    /** sent instead of what was signed */
    tamperedBody: Type.Optional(Type.Unknown()),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  { additionalProperties: false },
);
/** Field of an event that names the ticket, at the top or in `data`. */
const Event = Type.Object({
  type: Type.Optional(Type.String()),
  ticket: Type.Optional(Type.String()),
  data: Type.Optional(Type.Object({ ticket: Type.Optional(Type.String()) })),
});

/**
 * A change-management system: tickets with comments and a status; takes Gatehouse's signed webhooks at
 * `POST /hooks/gatehouse` (Standard Webhooks; signature and five minutes of tolerance are checked by that standard's own
 * library, repeats by `webhook-id` are taken and not kept twice) and notes them on the ticket that they name.
 *
 * Control routes beside the common ones: `GET /_sandbox/deliveries`; `POST /_sandbox/send {url, body, id?, timestamp?,
 * secret?, tamperedBody?, headers?}` sends a signed webhook to Gatehouse and gives its answer.
 */
export async function startTickets(context: StandInContext): Promise<RunningStandIn> {
  const { outgoingSecret, incomingSecret } = context.world.webhooks;
  const standIn = new StandIn({
    system: 'tickets',
    folder: context.folder,
    state: { schema: TicketsState, initial: () => ({ tickets: [], deliveries: [], nextNumber: 42 }) },
    settings: { schema: TicketsSettings, defaults: {} },
    errorBody: (refusal) => ({ error: refusal.message }),
  });
  const { state } = standIn;
  const texts = new WeakMap<FastifyRequest, string>();
  // signatures are over the exact bytes
  standIn.app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    texts.set(request, body.toString());
    try {
      done(null, body.toString() === '' ? undefined : JSON.parse(body.toString()));
    } catch {
      done(new Refusal(400, 'the body is not JSON'));
    }
  });
  const ticketOf = (id: string): Ticket => {
    const ticket = state.tickets.find((one) => one.id === id);
    if (ticket === undefined) throw new Refusal(404, `no ticket ${id}`);
    return ticket;
  };

  standIn.operation({
    id: 'create ticket',
    method: 'POST',
    path: '/tickets',
    handle: (call) => {
      const body = call.body(NewTicket);
      const ticket: Ticket = {
        id: `CHG${String(state.nextNumber).padStart(4, '0')}`,
        title: body.title,
        status: 'new',
        requestedFor: body.requestedFor ?? '',
        comments: [],
      };
      call.change('created', `ticket ${ticket.id}`, () => {
        state.nextNumber += 1;
        state.tickets.push(ticket);
      });
      return { status: 201, body: ticket };
    },
  });
  standIn.operation({
    id: 'list tickets',
    method: 'GET',
    path: '/tickets',
    handle: () => ({ status: 200, body: state.tickets }),
  });
  standIn.operation({
    id: 'read ticket',
    method: 'GET',
    path: '/tickets/:id',
    handle: (call) => ({ status: 200, body: ticketOf(call.param('id')) }),
  });
  standIn.operation({
    id: 'change ticket',
    method: 'PATCH',
    path: '/tickets/:id',
    handle: (call) => {
      const ticket = ticketOf(call.param('id'));
      const { comment, status } = call.body(Comment);
      call.change('changed', `ticket ${ticket.id}`, () => {
        if (comment !== undefined) ticket.comments.push({ at: new Date().toISOString(), text: comment });
        ticket.status = status ?? ticket.status;
      });
      return { status: 200, body: ticket };
    },
  });
  const verifier = new Webhook(outgoingSecret);
  standIn.operation({
    id: 'take webhook',
    method: 'POST',
    path: '/hooks/gatehouse',
    handle: (call) => {
      const id = call.header('webhook-id') ?? '';
      let body: unknown;
      try {
        body = verifier.verify(texts.get(call.request) ?? '', {
          'webhook-id': id,
          'webhook-timestamp': call.header('webhook-timestamp') ?? '',
          'webhook-signature': call.header('webhook-signature') ?? '',
        });
      } catch (error) {
        if (error instanceof WebhookVerificationError) throw new Refusal(401, error.message);
        throw error;
      }
      const known = state.deliveries.find((delivery) => delivery.id === id);
      if (known !== undefined) {
        call.change('changed', `repeated webhook ${id}`, () => {
          known.times += 1;
        });
        return { status: 200, body: { state: 'known' } };
      }
      const at = new Date().toISOString();
      call.change('created', `webhook ${id}`, () => {
        state.deliveries.push({ id, at, body, times: 1 });
        note(state, body, at);
      });
      return { status: 202, body: { state: 'taken' } };
    },
  });
  standIn.control('GET', '/deliveries', Type.Object({}), async () => state.deliveries);
  standIn.control('POST', '/send', Sending, async (wish) => {
    const id = wish.id ?? `msg_${randomUUID()}`;
    const timestamp = wish.timestamp ?? Math.floor(Date.now() / 1000);
    const text = JSON.stringify(wish.body);
    const signature = new Webhook(wish.secret ?? incomingSecret).sign(id, new Date(timestamp * 1000), text);
    const answer = await fetch(wish.url, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature,
        ...wish.headers,
      },
      body: wish.tamperedBody === undefined ? text : JSON.stringify(wish.tamperedBody),
    });
    return { id, status: answer.status, location: answer.headers.get('location'), body: await answer.text() };
  });
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}

/** Writes what a webhook says on the ticket that it names, if it names one that is known. */
function note(state: TicketsState, body: unknown, at: string): void {
  if (!Value.Check(Event, body)) return;
  const ticket = state.tickets.find((one) => one.id === (body.ticket ?? body.data?.ticket));
  ticket?.comments.push({ at, text: `Gatehouse: ${body.type ?? 'news'}` });
}
