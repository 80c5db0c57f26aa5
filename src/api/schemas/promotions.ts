/** Schemas of what runs where, of figures and of the change log. */
import { type Static, Type } from 'typebox';
import { closed, Time } from './common.js';

const Name = Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$' });

export const ReleaseSchema = Type.Object(
  {
    line: Type.String({ description: 'one line for people' }),
    images: Type.Array(
      Type.Object(
        { repository: Type.String(), digest: Type.String(), tag: Type.Optional(Type.String()) },
        closed,
      ),
    ),
    charts: Type.Array(
      Type.Object(
        { name: Type.String(), version: Type.String(), digest: Type.Optional(Type.String()) },
        closed,
      ),
    ),
    commit: Type.String({ description: 'of the environment before, where it was found' }),
  },
  closed,
);
export type ReleaseBody = Static<typeof ReleaseSchema>;

export const ApplicationParams = Type.Object(
  { application: Type.String({ maxLength: 64, description: 'name of the application' }) },
  closed,
);

export const ApplicationsSchema = Type.Object(
  {
    applications: Type.Array(
      Type.Object(
        { application: Type.String(), owners: Type.String(), environments: Type.Array(Type.String()) },
        closed,
      ),
    ),
  },
  closed,
);

const ProvenSchema = Type.Object(
  {
    release: ReleaseSchema,
    fingerprint: Type.String(),
    requestId: Type.String({ description: 'the promotion that proved it' }),
    provenAt: Time,
  },
  closed,
);

export const HoldSchema = Type.Object(
  {
    holdId: Type.String(),
    scope: Type.Object(
      { application: Type.Optional(Type.String()), environment: Type.Optional(Type.String()) },
      { ...closed, description: 'neither: everything' },
    ),
    placedAt: Time,
    cause: Type.Optional(Type.String({ description: 'the request whose rollback placed it' })),
    reason: Type.Optional(Type.String({ description: 'absent also when it was erased' })),
  },
  closed,
);
export type HoldBody = Static<typeof HoldSchema>;

export const EnvironmentsSchema = Type.Object(
  {
    application: Type.String(),
    owners: Type.String({ description: 'group that owns it' }),
    environments: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          places: Type.Array(Type.String()),
          seen: Type.Optional(
            Type.Object(
              { release: ReleaseSchema, at: Time, requestId: Type.String() },
              {
                ...closed,
                description: 'where releases come from: what the newest plan found there',
              },
            ),
          ),
          proven: Type.Array(ProvenSchema, {
            description:
              'different releases that were proven here; first what runs now, then what ran before',
          }),
          disturbedBy: Type.Optional(
            Type.String({
              description: 'a later request that changed something and neither proved it nor took it back',
            }),
          ),
          open: Type.Optional(
            Type.Object(
              {
                requestId: Type.String(),
                status: Type.String(),
                release: Type.Optional(Type.String()),
                exception: Type.Optional(Type.String()),
                acceptedAt: Time,
                waitsFor: Type.Optional(Type.String({ description: 'the first condition that is not met' })),
              },
              closed,
            ),
          ),
          queued: Type.Optional(
            Type.Array(
              Type.Object(
                { requestId: Type.String(), acceptedAt: Time, exception: Type.Optional(Type.String()) },
                closed,
              ),
              { description: 'wait for their turn, in its order; absent: nobody does' },
            ),
          ),
          changedAround: Type.Optional(
            Type.Array(
              Type.Object(
                {
                  place: Type.String({ description: 'keys, where several are built from what was changed' }),
                  project: Type.String(),
                  branch: Type.String(),
                  commit: Type.String(),
                  at: Time,
                  by: Type.Optional(
                    Type.String({ description: 'user of GitLab; absent also when it was erased' }),
                  ),
                  files: Type.Array(Type.String()),
                },
                closed,
              ),
              {
                description:
                  'commits since the last proven promotion that no promotion made, newest first; absent: none',
              },
            ),
          ),
          holds: Type.Array(HoldSchema),
        },
        closed,
      ),
    ),
    differences: Type.Array(
      Type.Object(
        {
          from: Type.String(),
          to: Type.String(),
          items: Type.Array(
            Type.Object(
              {
                kind: Type.String({ description: 'image or chart' }),
                name: Type.String(),
                from: Type.Optional(Type.String({ description: 'digest or version' })),
                to: Type.Optional(Type.String()),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
      { description: 'between neighbours of which both are known; no items: they are the same' },
    ),
  },
  closed,
);
export type EnvironmentsBody = Static<typeof EnvironmentsSchema>;

const Moment = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(?:T\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,3})?)?Z)?$',
  description: 'ISO 8601 in UTC; a day is its beginning',
});

export const PeriodQuery = Type.Object(
  {
    application: Type.Optional(Name),
    environment: Type.Optional(Name),
    from: Type.Optional(Moment),
    to: Type.Optional(Moment),
  },
  { ...closed, description: 'without `from`: the last 30 days' },
);
export type PeriodBody = Static<typeof PeriodQuery>;

const Spread = Type.Object({ count: Type.Integer(), p50Ms: Type.Number(), p90Ms: Type.Number() }, closed);

export const FiguresSchema = Type.Object(
  {
    from: Time,
    to: Time,
    figures: Type.Array(
      Type.Object(
        {
          application: Type.String(),
          environment: Type.String(),
          deployments: Type.Integer({
            description: 'changes that reached the environment; rollbacks are none',
          }),
          deploymentsPerDay: Type.Number(),
          leadTime: Type.Optional(
            Type.Object(
              { total: Spread, waiting: Spread, working: Spread },
              { ...closed, description: 'from the request to the proof that it runs' },
            ),
          ),
          changeFailures: Type.Integer(),
          changeFailureRate: Type.Optional(Type.Number({ description: '0 to 1' })),
          timeToRestore: Type.Optional(Spread),
          unrestored: Type.Integer({ description: 'failures that nothing has ended yet' }),
          waitingByGroup: Type.Array(
            Type.Object(
              { group: Type.String(), count: Type.Integer(), p50Ms: Type.Number(), p90Ms: Type.Number() },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const ChangesSchema = Type.Object(
  {
    changes: Type.Array(
      Type.Object(
        {
          at: Time,
          application: Type.String(),
          environment: Type.String(),
          release: Type.String(),
          exception: Type.String({ description: 'empty: the normal way' }),
          outcome: Type.String(),
          requestId: Type.String(),
          approvers: Type.Integer({ description: 'different persons who agreed' }),
          waitedMs: Type.Number(),
          workedMs: Type.Number(),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const HoldsSchema = Type.Object({ holds: Type.Array(HoldSchema) }, closed);

export const PlaceHoldSchema = Type.Object(
  {
    scope: Type.Object(
      { application: Type.Optional(Name), environment: Type.Optional(Name) },
      { ...closed, description: 'neither: everything' },
    ),
    reason: Type.String({ minLength: 1, maxLength: 500, description: 'why, for whoever waits' }),
  },
  closed,
);

export const HoldParams = Type.Object(
  { holdId: Type.String({ maxLength: 64, description: 'id of the hold' }) },
  closed,
);

export const ReleasedSchema = Type.Object({ holdId: Type.String(), message: Type.String() }, closed);
