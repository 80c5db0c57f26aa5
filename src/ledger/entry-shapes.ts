/**
 * Shapes of the bodies of entries, checked before they are appended and whenever they are read back. Fields that are not
 * listed are let through, so that an older process can read what a newer one wrote.
 */
import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { SYSTEMS } from '../domain/failure.js';
import { type EntryBodies, type EntryType, REQUEST_OUTCOMES } from '../domain/ledger.js';

const Text = Type.String();
// a whole number that JavaScript keeps exactly
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Epoch = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** ISO 8601, UTC, a year of four digits: what the database can compare too. */
const Time = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?Z$',
});
const Texts = Type.Array(Text);
const oneOf = <T extends string>(...words: T[]) => Type.Union(words.map((word) => Type.Literal(word)));
const object = <T extends TProperties>(properties: T) => Type.Object(properties);

const Actor = object({ kind: oneOf('person', 'machine'), id: Text });
const System = oneOf(...SYSTEMS);
const ReadBack = Type.Record(Text, Type.Union([Text, Type.Number(), Type.Boolean()]));
const Failure = object({
  step: Text,
  system: oneOf(...SYSTEMS, 'gatehouse'),
  operation: Text,
  object: Text,
  message: Text,
  remedy: Text,
  scope: oneOf('provider', 'target'),
});
const Plan = object({
  version: Type.Literal(1),
  requestId: Text,
  epoch: Epoch,
  beneficiary: object({ personId: Text }),
  targets: Type.Array(
    object({
      target: Text,
      effects: Type.Array(
        object({
          key: Text,
          system: System,
          object: Text,
          action: oneOf('create', 'change', 'adopt', 'unchanged', 'conflict'),
          count: Count,
          detail: Text,
          diff: Type.Optional(Texts),
          irreversible: Type.Optional(Text),
          phase: Type.Optional(oneOf('proposal', 'rollback')),
        }),
      ),
      invitees: Texts,
      notes: Texts,
    }),
  ),
  promotion: Type.Optional(
    object({
      release: object({
        images: Type.Array(object({ repository: Text, digest: Text, tag: Type.Optional(Text) })),
        charts: Type.Array(object({ name: Text, version: Text, digest: Type.Optional(Text) })),
        commit: Text,
      }),
      fingerprint: Digest,
      replaces: Type.Optional(Digest),
      places: Type.Array(
        object({
          place: Text,
          base: Text,
          files: Type.Array(
            object({
              path: Text,
              before: Type.Union([Digest, Type.Null()]),
              after: Type.Union([Digest, Type.Null()]),
            }),
          ),
          rendered: object({ before: Text, after: Text }),
          diff: Text,
          cut: Count,
          images: Texts,
        }),
      ),
      risk: object({ level: oneOf('low', 'high'), reasons: Texts }),
      authors: Texts,
      findings: Texts,
    }),
  ),
  plannedAt: Time,
});

/** By type of entry; the database checks by the same (shape-faults.ts). */
export const ENTRY_SHAPES = {
  'request.accepted': object({
    requestHash: Digest,
    contentHash: Digest,
    workflowId: Text,
    kind: Text,
    document: Text,
    envelope: Text,
  }),
  'request.queued': object({ behind: Text, goesFirst: Type.Boolean() }),
  'turn.given': object({}),
  'policy.pinned': object({ name: Text, digest: Digest, document: Text }),
  'plan.recorded': object({
    epoch: Epoch,
    digest: Digest,
    totals: object({ create: Count, change: Count, adopt: Count, conflict: Count }),
    plan: Plan,
  }),
  'gate.opened': object({ gate: Text, epoch: Epoch, openedAt: Time, due: Type.Optional(Time) }),
  'gate.reminded': object({
    gate: Text,
    epoch: Epoch,
    kind: oneOf('opened', 'reminder', 'escalation'),
    number: Count,
  }),
  'gate.closed': object({ gate: Text, epoch: Epoch, result: oneOf('passed', 'rejected', 'expired') }),
  'decision.made': object({
    gate: Text,
    epoch: Epoch,
    decision: oneOf('approve', 'reject'),
    personId: Text,
    jti: Text,
    envelope: Text,
    comment: Type.Optional(Text),
  }),
  'effect.reserved': object({ key: Text, epoch: Epoch, system: Text }),
  'effect.completed': object({
    key: Text,
    epoch: Epoch,
    system: Text,
    outcome: oneOf('created', 'adopted', 'changed', 'unchanged'),
    readBack: ReadBack,
  }),
  'check.passed': object({ key: Text, system: Text, readBack: ReadBack }),
  'target.started': object({ target: Text }),
  'target.ended': object({
    target: Text,
    outcome: oneOf('done', 'failed', 'skipped', 'cancelled'),
    failure: Type.Optional(Failure),
  }),
  'request.started': object({ targets: Count }),
  'request.ended': object({
    outcome: oneOf(...REQUEST_OUTCOMES),
    message: Text,
  }),
  'request.revoked': object({ by: Actor }),
  'command.given': object({
    commandId: Text,
    command: oneOf('pause', 'resume', 'retry', 'skip', 'cancel', 'rollback', 'accept'),
    targets: Texts,
    by: Actor,
  }),
  'hold.placed': object({
    holdId: Text,
    scope: object({ application: Type.Optional(Text), environment: Type.Optional(Text) }),
    by: Type.Optional(Actor),
    cause: Type.Optional(Text),
    reason: Type.Optional(Text),
  }),
  'hold.released': object({ holdId: Text, by: Actor }),
  'alarm.raised': object({
    alarm: oneOf(
      'decision-not-in-ledger',
      'decision-replayed',
      'command-not-in-ledger',
      'undecodable-message',
      'effect-refused',
      'result-contradicts-ledger',
      'invalid-signature',
      'message-flood',
      'changed-around-the-path',
      'entry-set-apart',
    ),
    detail: Text,
    count: Count,
    stray: Type.Optional(
      object({
        project: Text,
        branch: Text,
        commit: Text,
        by: Type.Optional(Text),
        at: Text,
        files: Texts,
        places: Texts,
      }),
    ),
  }),
  'ref.judged': object({ project: Text, branch: Text, commit: Text, after: Type.Optional(Text) }),
  'stray.told': object({ project: Text, branch: Text, commit: Text }),
  'call.refused': object({
    route: Text,
    status: Count,
    reason: Text,
    by: Type.Optional(Actor),
    count: Type.Optional(Count),
  }),
  'key.revoked': object({ kid: Text }),
  'payloads.decoded': object({ count: Count, by: Actor }),
} satisfies { readonly [T in EntryType]: TSchema };

/** Types whose shape lets something through that is not of the type of the body. */
type Mismatch = {
  [T in EntryType]: Static<(typeof ENTRY_SHAPES)[T]> extends EntryBodies[T] ? never : T;
}[EntryType];
/** Does not compile when there is a mismatch, and names its types then. */
export const SHAPES_CONFORM: [Mismatch] extends [never] ? true : Mismatch = true;

const validators = new Map<string, Validator>(
  Object.entries(ENTRY_SHAPES).map(([type, shape]) => [type, Compile(shape)]),
);

/** True for the types of entries that this version knows. */
export function isEntryType(type: string): type is EntryType {
  return validators.has(type);
}

/** True when a value is a body of the given type. */
export function isBodyOf<T extends EntryType>(type: T, body: unknown): body is EntryBodies[T] {
  return validators.get(type)?.Check(body) ?? false;
}
