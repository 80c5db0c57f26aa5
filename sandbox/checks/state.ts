import Type, { type Static } from 'typebox';

/** What the service answers at one path. */
export const Page = Type.Object(
  {
    /** with its slash, without a query */
    path: Type.String({ pattern: '^/' }),
    status: Type.Integer({ minimum: 200, maximum: 599 }),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** a text goes out as it is, everything else as JSON */
    body: Type.Optional(Type.Unknown()),
    /** so many bytes more at the end of the body */
    padding: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);
export type Page = Static<typeof Page>;

const Value = Type.Union([Type.Number(), Type.Literal('NaN'), Type.Literal('+Inf'), Type.Literal('-Inf')]);

/** What Prometheus answers to one query. */
export const Metric = Type.Object(
  {
    query: Type.String({ minLength: 1 }),
    answer: Type.Union([
      Type.Object({ scalar: Value }),
      Type.Object({
        samples: Type.Array(Type.Object({ labels: Type.Record(Type.String(), Type.String()), value: Value })),
      }),
      /** a result that is neither, e.g. of `up[5m]` */
      Type.Object({ resultType: Type.Union([Type.Literal('matrix'), Type.Literal('string')]) }),
      Type.Object({ status: Type.Integer(), errorType: Type.String(), error: Type.String() }),
    ]),
    warnings: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
);
export type Metric = Static<typeof Metric>;

export const ChecksState = Type.Object({ pages: Type.Array(Page), metrics: Type.Array(Metric) });
export type ChecksState = Static<typeof ChecksState>;

export const ChecksSettings = Type.Object({}, { additionalProperties: false });
