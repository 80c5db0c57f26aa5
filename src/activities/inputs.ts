/**
 * Inputs of activities, judged as bodies of the API are: anybody who may write to the namespace can schedule one. Selectors
 * and bounded texts only, and no field that is not known. One schema for each activity; one that is missing doesn't compile.
 */
import { type TSchema, Type } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { FAILURE, MAX_REPORT_TEXT, SYSTEMS } from '../domain/failure.js';
import type { WorkerLedger } from '../ledger/ports.js';
import type {
  ArgoCdActivities,
  ExternalSecretsActivities,
  GitLabActivities,
  LedgerActivities,
  NotificationActivities,
  OtterizeActivities,
  PlanActivities,
} from './contracts.js';
import { StepFailed } from './errors.js';
import type {
  ChangeRecordActivities,
  DeliveryActivities,
  PromotionGitActivities,
  PromotionLedgerActivities,
  PromotionPlanActivities,
  RegistryActivities,
  VerificationActivities,
} from './promotion-contracts.js';
import type { SentinelActivities, StrayNotices } from './sentinel-contracts.js';
import type { ShadowActivities } from './shadow-contracts.js';

type AllActivities = LedgerActivities &
  PromotionLedgerActivities &
  PlanActivities &
  PromotionPlanActivities &
  OtterizeActivities &
  GitLabActivities &
  PromotionGitActivities &
  ArgoCdActivities &
  ExternalSecretsActivities &
  NotificationActivities &
  RegistryActivities &
  ChangeRecordActivities &
  DeliveryActivities &
  ShadowActivities &
  VerificationActivities &
  SentinelActivities &
  StrayNotices;
export type ActivityName = keyof AllActivities;

/** As long as a fleet can be. */
const MAX_TARGETS = 10_000;
/** Messages between two looks at the ledger, beyond which a run only counts. */
const MAX_NOTICED = 1_000;
/** A year of four digits; what is beyond it is no time of a gate. */
const MAX_TIME_MS = Date.UTC(9999, 11, 31);

const closed = { additionalProperties: false } as const;
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const time = Type.Integer({ minimum: 0, maximum: MAX_TIME_MS });
const count = Type.Integer({ minimum: 0, maximum: 1_000_000 });
const target = text(200);
const reportText = Type.String({ maxLength: MAX_REPORT_TEXT });

const request = { requestId: text(64) };
const selector = { ...request, target };
const Nothing = Type.Undefined();
const RequestInput = Type.Object(request, closed);
const TargetInput = Type.Object(selector, closed);
const TimedTarget = Type.Object({ ...selector, nowMs: time }, closed);
const BoundedWait = Type.Object({ ...selector, maxWaitMs: time }, closed);
const Revertible = Type.Object({ ...selector, revert: Type.Boolean() }, closed);
const DeliveryInput = Type.Object({ ...selector, delivery: text(200), revert: Type.Boolean() }, closed);

const Report = Type.Object(
  {
    step: text(200),
    system: Type.Enum([...SYSTEMS, 'gatehouse']),
    operation: reportText,
    object: reportText,
    message: reportText,
    remedy: reportText,
    scope: Type.Enum(['provider', 'target']),
  },
  closed,
);

const GatesInput = Type.Object(
  {
    ...request,
    nowMs: time,
    noticed: Type.Array(text(64), { maxItems: MAX_NOTICED }),
    repeated: count,
    undecodable: count,
    dropped: count,
  },
  closed,
);

const CommandInput = Type.Object(
  {
    ...request,
    command: text(20),
    commandId: text(64),
    targets: Type.Array(target, { maxItems: MAX_TARGETS }),
  },
  closed,
);

const EndInput = Type.Object(
  {
    ...selector,
    outcome: Type.Enum(['done', 'failed', 'skipped', 'cancelled']),
    failure: Type.Optional(Report),
  },
  closed,
);

const GateNoticeInput = Type.Object(
  {
    ...request,
    notice: Type.Object(
      {
        gate: text(64),
        epoch: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
        kind: Type.Enum(['opened', 'reminder', 'escalation']),
        number: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
      },
      closed,
    ),
  },
  closed,
);

const RequestNoticeInput = Type.Object(
  {
    ...request,
    event: Type.Enum(['rollout-started', 'target-failed', 'request-ended']),
    target: Type.Optional(target),
  },
  closed,
);

const ProductionRefInput = Type.Object({ project: text(255), branch: text(255) }, closed);

export const INPUTS: Readonly<Record<ActivityName, TSchema>> = {
  reportUnreadableInput: Nothing,
  confirmCommand: CommandInput,
  advanceGates: GatesInput,
  startRollout: RequestInput,
  readTargetEnd: TargetInput,
  closeTarget: EndInput,
  // as long as the lines of all gates of a policy can be
  closeRequest: Type.Object({ ...request, reason: Type.String({ maxLength: 20_000 }) }, closed),
  startPromotion: RequestInput,
  startPlace: TargetInput,
  holdEnvironment: RequestInput,
  passSoak: Revertible,
  readProposals: RequestInput,
  planFleet: RequestInput,
  confirmPlan: RequestInput,
  planPromotion: RequestInput,
  confirmPromotion: RequestInput,
  ensureOrganisation: TargetInput,
  ensureInvites: TargetInput,
  ensureEnvironment: TargetInput,
  ensureIntegration: TargetInput,
  waitForConnected: BoundedWait,
  ensureValues: TargetInput,
  ensureMergeRequest: TargetInput,
  ensureMerge: TargetInput,
  ensureRevert: TargetInput,
  closeMergeRequest: TargetInput,
  waitForSync: BoundedWait,
  waitForExternalSecret: BoundedWait,
  notifyGate: GateNoticeInput,
  notifyRequest: RequestNoticeInput,
  ensureTags: TargetInput,
  ensureChangeRecord: TargetInput,
  ensureChangeRecordEnd: TargetInput,
  readReadiness: TimedTarget,
  waitForDelivery: DeliveryInput,
  confirmDelivery: DeliveryInput,
  runChecks: Revertible,
  startShadow: RequestInput,
  forecast: TimedTarget,
  lookForContent: TargetInput,
  followDelivery: Type.Object({ ...selector, delivery: text(200) }, closed),
  listProductionRefs: Nothing,
  judgeRef: ProductionRefInput,
  tellOfStrays: Nothing,
};

const compiled = new Map<string, Validator>();

/**
 * @returns where an input differs from what the activity takes, never what stands there; undefined when it is right
 */
export function faultOfInput(name: ActivityName, input: unknown): string | undefined {
  const known = compiled.get(name);
  const validator = known ?? Compile(INPUTS[name]);
  if (known === undefined) compiled.set(name, validator);
  if (validator.Check(input)) return undefined;
  const [first] = validator.Errors(input);
  return first === undefined || first.instancePath === '' ? 'as a whole' : placeIn(first.instancePath);
}

/** Names of fields come from whoever sent them. */
function placeIn(pointer: string): string {
  return `at ${pointer.replace(/[^A-Za-z0-9/_-]/g, '?').slice(0, 80)}`;
}

type Work = (...inputs: readonly unknown[]) => Promise<unknown>;

function isWork(value: unknown): value is Work {
  return typeof value === 'function';
}

function isActivityName(name: string): name is ActivityName {
  return Object.hasOwn(INPUTS, name);
}

/**
 * The same activities, which take nothing but inputs of their shape.
 * @throws Error for an activity without a schema, when it is put together
 */
export function refusingForeignInputs(
  activities: object,
  ledger: Pick<WorkerLedger, 'raiseAlarm'>,
): Readonly<Record<string, Work>> {
  return Object.fromEntries(
    Object.entries(activities).map(([name, work]: [string, unknown]) => {
      if (!isActivityName(name) || !isWork(work)) throw new Error(`the activity ${name} has no schema`);
      const judged: Work = async (...inputs) => {
        const fault = inputs.length > 1 ? 'with more than one value' : faultOfInput(name, inputs[0]);
        if (fault === undefined) return await work(...inputs);
        const detail = `the input of ${name} is not of its shape ${fault}`;
        await ledger.raiseAlarm(null, { alarm: 'undecodable-message', detail, count: 1 });
        throw new StepFailed(FAILURE.input, {
          system: 'gatehouse',
          operation: name,
          object: name,
          message: detail,
          remedy: 'Activities are scheduled by workflows of Gatehouse only: find out who scheduled this one',
        });
      };
      return [name, judged];
    }),
  );
}
