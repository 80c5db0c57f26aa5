/** Where a promotion stands, place by place, from its ledger entries alone. */
import type { ReadBack } from '../ledger.js';
import { effectKey } from '../plan.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../record.js';
import type { PromotionRequest } from '../request.js';
import { isChanged, isRolledBack, isRollingBack, revertedPlaces } from './progress.js';
import { describeRelease } from './release.js';
import {
  afterRevert,
  environmentKey,
  type PlaceTarget,
  PROMOTION_CHECK,
  PROMOTION_OBJECT,
} from './request.js';
import { type ShadowReport, shadowReport } from './shadow.js';

/**
 * - `planned`, `proposed` before people have agreed; proposed when its merge request is there to be looked at
 * - `pending` agreed; another wave is first
 * - `waiting` may not be merged yet: a hold, a window, the change record
 * - `merging`, `delivering`, `checking`, `soaking`, `proven` in this order
 * - `reverting`, `reverted` taken back; reverted when what ran before is proven to run again
 */
export type PlaceStep =
  | 'unchanged'
  | 'planned'
  | 'proposed'
  | 'pending'
  | 'waiting'
  | 'merging'
  | 'delivering'
  | 'checking'
  | 'soaking'
  | 'proven'
  | 'reverting'
  | 'reverted';

/** Something of another system that people open: the merge request, the change record. */
export interface Reference {
  /** as people call it, e.g. `!42`, `CHG0031415` */
  readonly name: string;
  readonly url?: string;
}

export interface PlaceStatus {
  /** key, `<application>/<environment>/<place>` */
  readonly place: string;
  readonly step: PlaceStep;
  /** ISO 8601: since when it is at this step */
  readonly since?: string;
  /** ISO 8601: when the soak is over */
  readonly until?: string;
  readonly mergeRequest?: Reference;
  readonly revert?: Reference;
  readonly deliveries: readonly {
    readonly name: string;
    readonly kind: 'argocd' | 'flux';
    readonly cluster: string;
    /** ISO 8601: when it was proven that the cluster runs what this place should run now */
    readonly provenAt?: string;
  }[];
}

export interface PromotionStatus {
  readonly application: string;
  readonly environment: string;
  /** the environment before */
  readonly from: string;
  readonly exception?: string;
  /** one line; unset while nothing is planned */
  readonly release?: string;
  readonly fingerprint?: string;
  /** fingerprint of what ran before */
  readonly replaces?: string;
  readonly risk?: 'low' | 'high';
  readonly changeRecord?: Reference;
  readonly isRollingBack: boolean;
  readonly isRolledBack: boolean;
  /** of one in shadow: what would have been done; unset while nothing is planned */
  readonly shadow?: ShadowReport;
  readonly places: readonly PlaceStatus[];
}

/** @returns undefined for a request of another kind */
export function promotionStatus(record: RequestRecord): PromotionStatus | undefined {
  const { request } = record;
  if (request.kind !== 'Promotion') return undefined;
  const { application, environment, from, exception, targets } = request.content;
  const plan = currentPlan(record)?.plan.promotion;
  const shadow = shadowReport(record);
  const facts = factsOf(record);
  const changeRecord = referenceOf(
    facts.done.get(effectKey(environmentKey(request.content), PROMOTION_OBJECT.changeRecord))?.readBack,
  );
  return {
    application,
    environment,
    from: from.name,
    ...(exception === undefined ? {} : { exception }),
    ...(plan === undefined ? {} : { release: describeRelease(plan.release), fingerprint: plan.fingerprint }),
    ...(plan?.replaces === undefined ? {} : { replaces: plan.replaces }),
    ...(plan === undefined ? {} : { risk: plan.risk.level }),
    ...(changeRecord === undefined ? {} : { changeRecord }),
    isRollingBack: isRollingBack(record),
    isRolledBack: isRolledBack(record),
    ...(shadow === undefined ? {} : { shadow }),
    places: targets.map((place) => placeStatus(record, request, place, facts)),
  };
}

interface Facts {
  /** completed effects by key, the last one */
  readonly done: ReadonlyMap<string, { readonly at: string; readonly readBack: ReadBack }>;
  /** reserved effects by key, the last one */
  readonly reserved: ReadonlyMap<string, string>;
  readonly passed: ReadonlyMap<string, string>;
  /** when a place was started last */
  readonly started: ReadonlyMap<string, string>;
  readonly requestStarted: string | undefined;
  readonly reverted: readonly string[];
  readonly isRollingBack: boolean;
}

function factsOf(record: RequestRecord): Facts {
  const { entries } = record;
  return {
    done: new Map(
      entriesOfType(entries, 'effect.completed').map(({ body, at }) => [
        body.key,
        { at, readBack: body.readBack },
      ]),
    ),
    reserved: new Map(entriesOfType(entries, 'effect.reserved').map(({ body, at }) => [body.key, at])),
    passed: new Map(entriesOfType(entries, 'check.passed').map(({ body, at }) => [body.key, at])),
    started: new Map(entriesOfType(entries, 'target.started').map(({ body, at }) => [body.target, at])),
    requestStarted: entriesOfType(entries, 'request.started').at(0)?.at,
    reverted: revertedPlaces(record),
    isRollingBack: isRollingBack(record),
  };
}

function placeStatus(
  record: RequestRecord,
  request: PromotionRequest,
  place: PlaceTarget,
  facts: Facts,
): PlaceStatus {
  const { key } = place;
  const isTakenBack =
    facts.reserved.has(effectKey(key, PROMOTION_OBJECT.revert)) || facts.reverted.includes(key);
  const checkKey = (check: string): string => effectKey(key, isTakenBack ? afterRevert(check) : check);
  const mergeRequest = referenceOf(
    facts.done.get(effectKey(key, PROMOTION_OBJECT.merge))?.readBack,
    facts.done.get(effectKey(key, PROMOTION_OBJECT.mergeRequest))?.readBack,
  );
  const revert = referenceOf(facts.done.get(effectKey(key, PROMOTION_OBJECT.revert))?.readBack);
  return {
    place: key,
    ...(isTakenBack ? revertStep(place, facts, checkKey) : stepOf(record, request, place, facts, checkKey)),
    ...(mergeRequest === undefined ? {} : { mergeRequest }),
    ...(revert === undefined ? {} : { revert }),
    deliveries: place.deliveries.map(({ name, kind, cluster }) => {
      const provenAt = facts.passed.get(checkKey(PROMOTION_CHECK.delivered(name)));
      return { name, kind, cluster, ...(provenAt === undefined ? {} : { provenAt }) };
    }),
  };
}

type Step = Pick<PlaceStatus, 'step' | 'since' | 'until'>;

function revertStep(
  { key }: PlaceTarget,
  { passed, reserved }: Facts,
  checkKey: (check: string) => string,
): Step {
  const provenAt = passed.get(checkKey(PROMOTION_CHECK.soaked));
  if (provenAt !== undefined) return { step: 'reverted', since: provenAt };
  const since = reserved.get(effectKey(key, PROMOTION_OBJECT.revert));
  return { step: 'reverting', ...(since === undefined ? {} : { since }) };
}

function stepOf(
  record: RequestRecord,
  { content }: PromotionRequest,
  place: PlaceTarget,
  facts: Facts,
  checkKey: (check: string) => string,
): Step {
  const { key } = place;
  const at = (step: PlaceStep, since: string | undefined): Step => ({
    step,
    ...(since === undefined ? {} : { since }),
  });
  const plan = currentPlan(record);
  if (plan === undefined) return at('planned', undefined);
  const merge = effectKey(key, PROMOTION_OBJECT.merge);
  const merged = facts.done.get(merge)?.at;
  if (merged === undefined) {
    if (!isChanged(plan.plan, key)) return at('unchanged', undefined);
    const proposed = facts.done.get(effectKey(key, PROMOTION_OBJECT.mergeRequest))?.at;
    if (facts.requestStarted === undefined)
      return at(proposed === undefined ? 'planned' : 'proposed', proposed);
    const started = facts.started.get(key);
    if (started === undefined) return at('pending', facts.requestStarted);
    const tagging = facts.reserved.get(effectKey(key, PROMOTION_OBJECT.tags));
    const merging = facts.reserved.get(merge) ?? tagging;
    return merging === undefined ? at('waiting', started) : at('merging', merging);
  }
  const soaked = facts.passed.get(checkKey(PROMOTION_CHECK.soaked));
  if (soaked !== undefined) return at('proven', soaked);
  const delivered = place.deliveries.map(({ name }) =>
    facts.passed.get(checkKey(PROMOTION_CHECK.delivered(name))),
  );
  const known = delivered.filter((time) => time !== undefined);
  if (known.length < delivered.length) return at('delivering', merged);
  const lastDelivered = [...known].sort().at(-1) ?? merged;
  const verified = facts.passed.get(checkKey(PROMOTION_CHECK.verified));
  if (content.rules.checks.length > 0 && verified === undefined) return at('checking', lastDelivered);
  const since = verified ?? lastDelivered;
  return {
    ...at('soaking', since),
    until: new Date(Date.parse(since) + content.rules.soakMs).toISOString(),
  };
}

/** The first of several that names itself. What stands there is as the activities read it back. */
function referenceOf(...found: readonly (ReadBack | undefined)[]): Reference | undefined {
  for (const readBack of found) {
    if (readBack === undefined) continue;
    const url = typeof readBack.url === 'string' ? readBack.url : undefined;
    const name = nameOf(readBack);
    if (name !== undefined) return { name, ...(url === undefined ? {} : { url }) };
  }
  return undefined;
}

function nameOf({ number, iid, url }: ReadBack): string | undefined {
  if (typeof number === 'string' || typeof number === 'number') return String(number);
  if (typeof iid === 'string' || typeof iid === 'number') return `!${iid}`;
  return typeof url === 'string' ? url : undefined;
}
