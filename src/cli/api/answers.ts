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
      status: Text,
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
      service: Text,
      fleet: Text,
      targets: Type.Number(),
      ticket: MaybeText,
      openedAt: Text,
      due: MaybeText,
    }),
  ),
});
export type Inbox = Static<typeof Inbox>;

export const Gate = Type.Object({
  requestId: Text,
  gate: Text,
  state: Text,
  epoch: Type.Number(),
  planDigest: Text,
  asked: Type.Object({
    kind: Text,
    service: Text,
    fleet: Text,
    requester: Text,
    requestedFor: Text,
    ticket: MaybeText,
    reason: MaybeText,
    source: MaybeText,
    acceptedAt: Text,
  }),
  plan: Type.Object({
    totals: Totals,
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
