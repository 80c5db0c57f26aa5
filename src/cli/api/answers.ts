/** What the API answers, as far as the command line uses it. Members that it does not know are let be: the API may be newer. */
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { CliError } from '../cli-error.js';

const Text = Type.String();
const MaybeText = Type.Optional(Type.String());

export const WaitingFor = Type.Object({
  condition: Text,
  sinceMs: Type.Number(),
  who: Text,
  next: Text,
  gate: MaybeText,
  group: MaybeText,
  due: MaybeText,
});
export type WaitingFor = Static<typeof WaitingFor>;

export const Failure = Type.Object({
  step: Text,
  system: Text,
  operation: Text,
  object: Text,
  message: Text,
  remedy: Text,
  scope: Text,
});
export type Failure = Static<typeof Failure>;

export const Target = Type.Object({
  target: Text,
  state: Text,
  effects: Type.Object({
    created: Type.Number(),
    adopted: Type.Number(),
    changed: Type.Number(),
    unchanged: Type.Number(),
  }),
  lastStep: MaybeText,
  waits: Type.Optional(Type.Array(Type.Object({ step: Text, clause: Text, since: Text }))),
  failure: Type.Optional(Failure),
});
export type Target = Static<typeof Target>;

export const GateState = Type.Object({
  gate: Text,
  group: Text,
  state: Text,
  approvals: Type.Number(),
  need: Type.Number(),
  waitsFor: Type.Array(Text),
  openedAt: MaybeText,
  due: MaybeText,
  closedAt: MaybeText,
});
export type GateState = Static<typeof GateState>;

export const Totals = Type.Object({
  create: Type.Number(),
  change: Type.Number(),
  adopt: Type.Number(),
  conflict: Type.Number(),
});

const Reference = Type.Object({ name: Text, url: MaybeText });

export const PlaceState = Type.Object({
  place: Text,
  step: Text,
  since: MaybeText,
  until: MaybeText,
  mergeRequest: Type.Optional(Reference),
  revert: Type.Optional(Reference),
  deliveries: Type.Array(Type.Object({ name: Text, kind: Text, cluster: Text, provenAt: MaybeText })),
});
export type PlaceState = Static<typeof PlaceState>;

export const PromotionState = Type.Object({
  application: Text,
  environment: Text,
  from: Text,
  exception: MaybeText,
  release: MaybeText,
  risk: MaybeText,
  changeRecord: Type.Optional(Reference),
  isRollingBack: Type.Boolean(),
  isRolledBack: Type.Boolean(),
  shadow: Type.Optional(
    Type.Object({
      gates: Type.Array(Type.Object({ gate: Text, group: Text, need: Type.Number() })),
      changeRecord: Type.Boolean(),
      checks: Type.Array(Text),
      places: Type.Array(
        Type.Object({
          place: Text,
          files: Type.Array(Text),
          heldBy: MaybeText,
          arrived: Type.Optional(Type.Object({ commit: Text, at: Text })),
          deliveries: Type.Array(Type.Object({ name: Text, outcome: Text, message: MaybeText })),
        }),
      ),
    }),
  ),
  places: Type.Array(PlaceState),
});
export type PromotionState = Static<typeof PromotionState>;

export const Status = Type.Object({
  id: Text,
  kind: Text,
  workflowId: Text,
  status: Text,
  message: MaybeText,
  ticket: MaybeText,
  acceptedAt: Text,
  endedAt: MaybeText,
  epoch: Type.Number(),
  totals: Type.Optional(Totals),
  waitingFor: Type.Array(WaitingFor),
  gates: Type.Array(GateState),
  targets: Type.Array(Target),
  promotion: Type.Optional(PromotionState),
  times: Type.Object({ waitedMs: Type.Number(), workedMs: Type.Number() }),
  page: Text,
});
export type Status = Static<typeof Status>;

export const RequestList = Type.Object({
  requests: Type.Array(
    Type.Object({
      id: Text,
      kind: Text,
      workflowId: Text,
      title: Text,
      status: Text,
      requester: Text,
      ticket: MaybeText,
      acceptedAt: Text,
      endedAt: MaybeText,
    }),
  ),
  next: MaybeText,
});
export type RequestList = Static<typeof RequestList>;

export const Inbox = Type.Object({
  items: Type.Array(
    Type.Object({
      requestId: Text,
      gate: Text,
      group: Text,
      epoch: Type.Number(),
      title: Text,
      service: MaybeText,
      fleet: MaybeText,
      targets: Type.Number(),
      ticket: MaybeText,
      openedAt: Text,
      due: MaybeText,
    }),
  ),
});
export type Inbox = Static<typeof Inbox>;

export const Me = Type.Object({
  kind: Text,
  name: Text,
  personId: Text,
  roles: Type.Array(Text),
  owns: Type.Array(Text),
  signedInAt: Text,
});
export type Me = Static<typeof Me>;

export const Revocation = Type.Object({ requestId: Text, message: Text });
export type Revocation = Static<typeof Revocation>;

export const Release = Type.Object({
  line: Text,
  images: Type.Array(Type.Object({ repository: Text, digest: Text, tag: MaybeText })),
  charts: Type.Array(Type.Object({ name: Text, version: Text })),
  commit: Text,
});
export type ReleaseAnswer = Static<typeof Release>;

export const PromotionPlan = Type.Object({
  release: Release,
  risk: Type.Object({ level: Text, reasons: Type.Array(Text) }),
  findings: Type.Array(Text),
  places: Type.Array(
    Type.Object({
      place: Text,
      diff: Text,
      cut: Type.Number(),
      files: Type.Array(Type.Object({ path: Text, change: Text })),
      images: Type.Array(Text),
    }),
  ),
});
export type PromotionPlan = Static<typeof PromotionPlan>;

export const Gate = Type.Object({
  requestId: Text,
  gate: Text,
  state: Text,
  epoch: Type.Number(),
  planDigest: Text,
  asked: Type.Object({
    kind: Text,
    title: Text,
    service: MaybeText,
    fleet: MaybeText,
    requester: Text,
    requestedFor: MaybeText,
    ticket: MaybeText,
    reason: MaybeText,
    source: MaybeText,
    acceptedAt: Text,
  }),
  plan: Type.Object({
    totals: Totals,
    promotion: Type.Optional(PromotionPlan),
    targets: Type.Array(
      Type.Object({
        target: Text,
        lines: Type.Array(Text),
        invitees: Type.Array(Text),
        notes: Type.Array(Text),
      }),
    ),
  }),
  policy: Type.Object({ name: Text, group: Text, need: Type.Number() }),
  evidence: Type.Array(Type.Object({ name: Text, label: Text, rule: Text })),
  approvals: Type.Number(),
  openedAt: MaybeText,
  due: MaybeText,
  mine: Type.Object({ mayDecide: Type.Boolean(), why: MaybeText, decided: MaybeText }),
});
export type Gate = Static<typeof Gate>;

export const Decision = Type.Object({
  requestId: Text,
  gate: Text,
  epoch: Type.Number(),
  decision: Text,
  jti: Text,
  seq: Type.Number(),
});
export type Decision = Static<typeof Decision>;

export const Hold = Type.Object({
  holdId: Text,
  scope: Type.Object({ application: MaybeText, environment: MaybeText }),
  placedAt: Text,
  cause: MaybeText,
  reason: MaybeText,
});
export type Hold = Static<typeof Hold>;

export const Holds = Type.Object({ holds: Type.Array(Hold) });
export type Holds = Static<typeof Holds>;

export const Released = Type.Object({ holdId: Text, message: Text });
export type Released = Static<typeof Released>;

export const Applications = Type.Object({
  applications: Type.Array(Type.Object({ application: Text, owners: Text, environments: Type.Array(Text) })),
});
export type Applications = Static<typeof Applications>;

export const Environment = Type.Object({
  name: Text,
  places: Type.Array(Text),
  seen: Type.Optional(Type.Object({ release: Release, at: Text, requestId: Text })),
  proven: Type.Array(Type.Object({ release: Release, requestId: Text, provenAt: Text })),
  disturbedBy: MaybeText,
  open: Type.Optional(
    Type.Object({
      requestId: Text,
      status: Text,
      release: MaybeText,
      exception: MaybeText,
      acceptedAt: Text,
      waitsFor: MaybeText,
    }),
  ),
  changedAround: Type.Optional(
    Type.Array(
      Type.Object({
        place: Text,
        project: Text,
        branch: Text,
        commit: Text,
        at: Text,
        by: MaybeText,
        files: Type.Array(Text),
      }),
    ),
  ),
  queued: Type.Optional(Type.Array(Type.Object({ requestId: Text, acceptedAt: Text, exception: MaybeText }))),
  holds: Type.Array(Hold),
});
export type Environment = Static<typeof Environment>;

export const Environments = Type.Object({
  application: Text,
  owners: Text,
  environments: Type.Array(Environment),
  differences: Type.Array(
    Type.Object({
      from: Text,
      to: Text,
      items: Type.Array(Type.Object({ kind: Text, name: Text, from: MaybeText, to: MaybeText })),
    }),
  ),
});
export type Environments = Static<typeof Environments>;

const Spread = Type.Object({ count: Type.Number(), p50Ms: Type.Number(), p90Ms: Type.Number() });

export const Figures = Type.Object({
  from: Text,
  to: Text,
  figures: Type.Array(
    Type.Object({
      application: Text,
      environment: Text,
      deployments: Type.Number(),
      deploymentsPerDay: Type.Number(),
      leadTime: Type.Optional(Type.Object({ total: Spread, waiting: Spread, working: Spread })),
      changeFailures: Type.Number(),
      changeFailureRate: Type.Optional(Type.Number()),
      timeToRestore: Type.Optional(Spread),
      unrestored: Type.Number(),
      waitingByGroup: Type.Array(
        Type.Object({ group: Text, count: Type.Number(), p50Ms: Type.Number(), p90Ms: Type.Number() }),
      ),
    }),
  ),
});
export type Figures = Static<typeof Figures>;

export const Changes = Type.Object({
  changes: Type.Array(
    Type.Object({
      at: Text,
      application: Text,
      environment: Text,
      release: Text,
      exception: Text,
      outcome: Text,
      requestId: Text,
      approvers: Type.Number(),
      waitedMs: Type.Number(),
      workedMs: Type.Number(),
    }),
  ),
});
export type Changes = Static<typeof Changes>;

export const CommandAnswer = Type.Object({ commandId: Text, message: Text });
export type CommandAnswer = Static<typeof CommandAnswer>;

export const ProblemAnswer = Type.Object({
  type: Text,
  title: Text,
  status: Type.Number(),
  detail: Text,
  remedy: MaybeText,
  instance: MaybeText,
  requestId: MaybeText,
  faults: Type.Optional(Type.Array(Type.Object({ place: Text, message: Text }))),
});
export type ProblemAnswer = Static<typeof ProblemAnswer>;

/** @throws CliError when an answer is not of its shape, e.g. because something else answers at this address */
export function answerOf<S extends TSchema>(shape: S, value: unknown, what: string): Static<S> {
  if (Value.Check(shape, value)) return value;
  const where = Value.Errors(shape, value)[0]?.instancePath || '/';
  throw new CliError(
    `The answer to "${what}" is not of its shape at ${where}.`,
    'Check that GATEHOUSE_URL is the address of Gatehouse, and that both sides have the same version.',
  );
}
