import Type, { type Static } from 'typebox';

export const Ticket = Type.Object({
  id: Type.String(),
  title: Type.String(),
  status: Type.Union([
    Type.Literal('new'),
    Type.Literal('in progress'),
    Type.Literal('resolved'),
    Type.Literal('closed'),
  ]),
  requestedFor: Type.String(),
  comments: Type.Array(Type.Object({ at: Type.String(), text: Type.String() })),
});
export type Ticket = Static<typeof Ticket>;

/** One webhook that came with a good signature; repeats of it are only counted. */
export const Delivery = Type.Object({
  id: Type.String(),
  at: Type.String(),
  body: Type.Unknown(),
  times: Type.Integer(),
});
export type Delivery = Static<typeof Delivery>;

export const TicketsState = Type.Object({
  tickets: Type.Array(Ticket),
  deliveries: Type.Array(Delivery),
  nextNumber: Type.Integer(),
});
export type TicketsState = Static<typeof TicketsState>;

export const TicketsSettings = Type.Object({}, { additionalProperties: false });
