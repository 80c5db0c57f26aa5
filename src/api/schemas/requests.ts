/** Schemas of requests: what is asked, where it stands, what it will do. */
import { type Static, Type } from 'typebox';
import { EXCEPTIONS } from '../../domain/promotion/request.js';
import { REQUEST_KINDS } from '../../domain/request.js';
import { STATUS_WORDS } from '../../domain/status/shapes.js';
import { EMAIL_PATTERN } from '../../manifests/schema.js';
import { LIMITS } from '../limits.js';
import { closed, Digest, Time } from './common.js';
import { ReleaseSchema } from './promotions.js';

/** A word in a ledger or log: printable, one line. */
const TICKET_PATTERN = '^[A-Za-z0-9][A-Za-z0-9 ._/#:-]{0,63}$';

export const SourceSchema = Type.Object(
  {
    project: Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$' }),
    path: Type.String({
      pattern: '^(?!/)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9._/-]+\\.(?:ya?ml|json)$',
      maxLength: 240,
    }),
    commit: Type.String({ pattern: '^[0-9a-f]{40}$', description: 'full id of the commit: branches move' }),
  },
  { ...closed, description: 'where the manifest lies in Git; the project must be in the inventory' },
);

/** What is asked alike for every kind. */
export const ASKED = {
  manifest: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: LIMITS.bodyBytes,
      description: 'the file as YAML or JSON text',
    }),
  ),
  source: Type.Optional(SourceSchema),
  requestedFor: Type.String({
    pattern: EMAIL_PATTERN,
    maxLength: 254,
    description: 'e-mail of the person it is for; a ticket is not a person',
  }),
  ticket: Type.Optional(Type.String({ pattern: TICKET_PATTERN })),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.maxText })),
};

const FleetAsk = Type.Object(
  { kind: Type.Literal('Fleet'), ...ASKED },
  {
    ...closed,
    description: 'give `manifest` or `source`, not both',
    examples: [
      {
        kind: 'Fleet',
        source: {
          project: 'platform/fleets',
          path: 'otterize.yaml',
          commit: '9f31c2e4b5a60718293a4b5c6d7e8f9012345678',
        },
        requestedFor: 'ada@example.com',
        ticket: 'CHG0042',
      },
    ],
  },
);

/** What a name may be is said by the reader of manifests, in words that help. */
const Word = Type.String({ minLength: 1, maxLength: 200 });

const PromotionAsk = Type.Object(
  {
    kind: Type.Literal('Promotion'),
    manifest: ASKED.manifest,
    source: ASKED.source,
    application: Type.Optional(Word),
    to: Type.Optional(Type.String({ ...Word, description: 'the environment' })),
    from: Type.Optional(
      Type.String({ ...Word, description: 'only with an exception that skips environments' }),
    ),
    release: Type.Optional(
      Type.Object(
        {
          commit: Type.Optional(Word),
          images: Type.Optional(
            Type.Record(Type.String({ maxLength: 255 }), Word, {
              maxProperties: 100,
              description: 'digest or tag by repository, or by its last part',
            }),
          ),
          charts: Type.Optional(
            Type.Record(Type.String({ maxLength: 255 }), Word, {
              maxProperties: 100,
              description: 'version by chart',
            }),
          ),
        },
        { ...closed, description: 'what it leaves out is what the environment before runs' },
      ),
    ),
    exception: Type.Optional(
      Type.Enum([...EXCEPTIONS], { description: 'needs a reason, and a policy that allows it' }),
    ),
    shadow: Type.Optional(
      Type.Boolean({ description: 'change nothing and ask nobody: only say what would have been done' }),
    ),
    requestedFor: Type.Optional(ASKED.requestedFor),
    ticket: ASKED.ticket,
    reason: ASKED.reason,
  },
  {
    ...closed,
    description: 'give `manifest`, `source`, or `application` and `to`',
    examples: [{ kind: 'Promotion', application: 'shop', to: 'prod', ticket: 'CHG0043' }],
  },
);

export type AskBody = Static<typeof FleetAsk> | Static<typeof PromotionAsk>;

/** @param promotes whether promotion paths are installed; without them there are fleets only */
export function askSchema(promotes: boolean) {
  return Type.Unsafe<AskBody>(
    promotes
      ? {
          type: 'object',
          required: ['kind'],
          discriminator: { propertyName: 'kind' },
          oneOf: [FleetAsk, PromotionAsk],
        }
      : FleetAsk,
  );
}

const WaitingForSchema = Type.Object(
  {
    condition: Type.String({ description: 'the first condition that is not met' }),
    sinceMs: Type.Integer({ description: 'its age in milliseconds' }),
    who: Type.String({ description: 'who can unblock it' }),
    next: Type.String({ description: 'what happens next' }),
    gate: Type.Optional(Type.String()),
    group: Type.Optional(Type.String()),
    due: Type.Optional(Time),
  },
  closed,
);

const FailureSchema = Type.Object(
  {
    step: Type.String(),
    system: Type.String(),
    operation: Type.String(),
    object: Type.String(),
    message: Type.String(),
    remedy: Type.String(),
    scope: Type.String(),
  },
  closed,
);

const ReferenceSchema = Type.Object(
  { name: Type.String(), url: Type.Optional(Type.String()) },
  { ...closed, description: 'something of another system that people open' },
);

const PlaceSchema = Type.Object(
  {
    place: Type.String({ description: 'key of the target' }),
    step: Type.String({
      description:
        'unchanged, planned, proposed, pending, waiting, merging, delivering, checking, soaking, proven, reverting or reverted',
    }),
    since: Type.Optional(Time),
    until: Type.Optional(Time),
    mergeRequest: Type.Optional(ReferenceSchema),
    revert: Type.Optional(ReferenceSchema),
    deliveries: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          kind: Type.String({ description: 'argocd or flux' }),
          cluster: Type.String(),
          provenAt: Type.Optional(Time),
        },
        closed,
      ),
    ),
  },
  closed,
);

const ShadowSchema = Type.Object(
  {
    gates: Type.Array(
      Type.Object({ gate: Type.String(), group: Type.String(), need: Type.Integer() }, closed),
      { description: 'would have been opened' },
    ),
    changeRecord: Type.Boolean({ description: 'would have been opened' }),
    checks: Type.Array(Type.String(), { description: 'would have been run' }),
    places: Type.Array(
      Type.Object(
        {
          place: Type.String(),
          files: Type.Array(Type.String(), { description: 'would have been written' }),
          heldBy: Type.Optional(Type.String({ description: 'would have kept it from being merged' })),
          arrived: Type.Optional(
            Type.Object(
              { commit: Type.String(), at: Time },
              { ...closed, description: 'somebody brought the planned content by hand' },
            ),
          ),
          deliveries: Type.Array(
            Type.Object(
              {
                name: Type.String(),
                outcome: Type.String({ description: 'pending, proven or failed' }),
                message: Type.Optional(
                  Type.String({
                    description: 'what was waited for and how long, or why it would have failed',
                  }),
                ),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'of a promotion in shadow: what would have been done' },
);

const PromotionStatusSchema = Type.Object(
  {
    application: Type.String(),
    environment: Type.String(),
    from: Type.String({ description: 'the environment before' }),
    exception: Type.Optional(Type.String()),
    release: Type.Optional(Type.String({ description: 'one line; absent while nothing is planned' })),
    fingerprint: Type.Optional(Type.String()),
    replaces: Type.Optional(Type.String({ description: 'fingerprint of what ran before' })),
    risk: Type.Optional(Type.String({ description: 'low or high' })),
    changeRecord: Type.Optional(ReferenceSchema),
    isRollingBack: Type.Boolean(),
    isRolledBack: Type.Boolean(),
    shadow: Type.Optional(ShadowSchema),
    places: Type.Array(PlaceSchema),
  },
  { ...closed, description: 'of a promotion: the release, and where each place stands' },
);

const TargetSchema = Type.Object(
  {
    target: Type.String(),
    state: Type.String({ description: 'pending, running, done, failed, skipped or cancelled' }),
    effects: Type.Object(
      {
        created: Type.Integer(),
        adopted: Type.Integer(),
        changed: Type.Integer(),
        unchanged: Type.Integer(),
      },
      closed,
    ),
    lastStep: Type.Optional(Type.String()),
    waits: Type.Optional(
      Type.Array(
        Type.Object(
          {
            step: Type.String({ description: 'the check that it will become' }),
            clause: Type.String({ description: 'the first condition that is not met, and what was seen' }),
            since: Time,
          },
          closed,
        ),
        { description: 'what it waits for at this moment' },
      ),
    ),
    failure: Type.Optional(FailureSchema),
  },
  closed,
);

const GateStatusSchema = Type.Object(
  {
    gate: Type.String(),
    group: Type.String(),
    state: Type.String({
      description: 'not-open, open, passed, rejected, expired, or not-decided when the request ended before',
    }),
    approvals: Type.Integer(),
    need: Type.Integer(),
    waitsFor: Type.Array(Type.String()),
    openedAt: Type.Optional(Time),
    due: Type.Optional(Time),
    closedAt: Type.Optional(Time),
  },
  closed,
);

export const TotalsSchema = Type.Object(
  { create: Type.Integer(), change: Type.Integer(), adopt: Type.Integer(), conflict: Type.Integer() },
  closed,
);

const StageSchema = Type.Object(
  {
    stage: Type.String(),
    kind: Type.String({ description: 'waiting (for people) or working' }),
    from: Time,
    to: Type.Optional(Time),
    ms: Type.Integer(),
    group: Type.Optional(Type.String()),
  },
  closed,
);

export const StatusSchema = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    workflowId: Type.String(),
    status: Type.String({
      description:
        'planning, waiting, running, paused, attention, rolling-back; or how it ended: done, failed, rolled-back, shadowed, rejected, refused, expired, cancelled, revoked',
    }),
    message: Type.Optional(Type.String()),
    ticket: Type.Optional(Type.String()),
    acceptedAt: Time,
    endedAt: Type.Optional(Time),
    epoch: Type.Integer({ description: 'rises when what is asked changes; 0 while planning' }),
    planDigest: Type.Optional(Digest),
    totals: Type.Optional(TotalsSchema),
    waitingFor: Type.Array(WaitingForSchema),
    gates: Type.Array(GateStatusSchema),
    targets: Type.Array(TargetSchema),
    promotion: Type.Optional(PromotionStatusSchema),
    times: Type.Object(
      {
        waitedMs: Type.Integer({ description: 'time in which people were waited for' }),
        workedMs: Type.Integer(),
        stages: Type.Array(StageSchema),
      },
      closed,
    ),
    page: Type.String({ description: 'where people read this' }),
  },
  closed,
);
export type StatusBody = Static<typeof StatusSchema>;

export const SummarySchema = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    workflowId: Type.String(),
    title: Type.String({ description: 'what is asked, in one line' }),
    status: Type.String(),
    requester: Type.String({ description: 'who asked' }),
    ticket: Type.Optional(Type.String()),
    acceptedAt: Time,
    endedAt: Type.Optional(Time),
  },
  closed,
);

export const RequestListSchema = Type.Object(
  {
    requests: Type.Array(SummarySchema),
    next: Type.Optional(Type.String({ description: 'give it as `before` to read on' })),
  },
  closed,
);

const ListQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]?$', description: 'at most 50; default 20' })),
    before: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,15}$' })),
    workflowId: Type.Optional(Type.String({ maxLength: 200 })),
    ticket: Type.Optional(Type.String({ pattern: TICKET_PATTERN, description: 'only those of this ticket' })),
    status: Type.Optional(Type.Enum(STATUS_WORDS, { description: 'only those that stand there now' })),
  },
  closed,
);

/** @param promotes whether promotion paths are installed; without them there is one kind */
export function listQuery(promotes: boolean) {
  const kind = promotes ? Type.Enum(REQUEST_KINDS) : Type.Enum(['Fleet'] as const);
  return Type.Object({ ...ListQuery.properties, kind: Type.Optional(kind) }, closed);
}

const PromotionPlanSchema = Type.Object(
  {
    release: ReleaseSchema,
    fingerprint: Type.String({ description: 'SHA-256 that names the release by content' }),
    replaces: Type.Optional(Type.String()),
    risk: Type.Object({ level: Type.String(), reasons: Type.Array(Type.String()) }, closed),
    findings: Type.Array(Type.String(), { description: 'what was checked, and warnings' }),
    places: Type.Array(
      Type.Object(
        {
          place: Type.String({ description: 'key of the target' }),
          diff: Type.String({ description: 'rendered difference; values of secrets are not in it' }),
          cut: Type.Integer({ description: 'lines that were cut from it' }),
          files: Type.Array(
            Type.Object(
              { path: Type.String(), change: Type.String({ description: 'added, changed or removed' }) },
              closed,
            ),
          ),
          images: Type.Array(Type.String(), { description: 'that will run' }),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'of a promotion: the release, and what each place will hold' },
);

export const PlanSchema = Type.Object(
  {
    requestId: Type.String(),
    epoch: Type.Integer(),
    digest: Digest,
    plannedAt: Time,
    totals: TotalsSchema,
    promotion: Type.Optional(PromotionPlanSchema),
    targets: Type.Array(
      Type.Object(
        {
          target: Type.String(),
          lines: Type.Array(Type.String(), {
            description:
              '+ create, ~ change, < adopt, ! irreversible or in the way; indented: lines of a file; none: unchanged',
          }),
          effects: Type.Array(
            Type.Object(
              {
                key: Type.String(),
                system: Type.String(),
                object: Type.String(),
                action: Type.String(),
                count: Type.Integer(),
                detail: Type.String(),
                diff: Type.Optional(
                  Type.Array(Type.String(), {
                    description: 'values of the file that go (-) and come (+), each with its key',
                  }),
                ),
                irreversible: Type.Optional(Type.String()),
                phase: Type.Optional(
                  Type.String({
                    description: 'proposal: made before the gates; rollback: made only to take it back',
                  }),
                ),
              },
              closed,
            ),
          ),
          invitees: Type.Array(Type.String()),
          notes: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type PlanBody = Static<typeof PlanSchema>;

export const EntriesSchema = Type.Object(
  {
    entries: Type.Array(
      Type.Object(
        {
          seq: Type.Integer(),
          at: Time,
          type: Type.String(),
          requestId: Type.Union([Type.String(), Type.Null()]),
          body: Type.String({ description: 'canonical JSON text, exactly as it was hashed' }),
          prevHash: Digest,
          hash: Digest,
        },
        closed,
      ),
    ),
  },
  closed,
);

export const CommandSchema = Type.Object(
  {
    targets: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        maxItems: 1_000,
        uniqueItems: true,
        description:
          'keys of targets, `<cluster>/<stage>` or `<application>/<environment>/<place>`; none: all that it can apply to',
      }),
    ),
  },
  closed,
);

export const SkipSchema = Type.Object(
  {
    targets: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      minItems: 1,
      maxItems: 1_000,
      uniqueItems: true,
    }),
  },
  closed,
);

export const CommandAnswerSchema = Type.Object(
  {
    commandId: Type.String({ description: 'send it as Idempotency-Key to repeat the very command' }),
    message: Type.String({
      description: "the workflow's answer; with 202: recorded, and told to the workflow until it answers",
    }),
  },
  closed,
);

export const RevocationSchema = Type.Object(
  { requestId: Type.String(), message: Type.String({ description: 'what happens next' }) },
  closed,
);
