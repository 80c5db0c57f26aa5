/** The Git side of a promotion, on the queue `gitlab`: merge request, merge, revert. */
import { cancellationSignal } from '@temporalio/activity';
import { FAILURE, SystemError } from '../../domain/failure.js';
import type { TextChange } from '../../domain/file-set.js';
import type { LedgerEntry, ReadBack } from '../../domain/ledger.js';
import { effectKey, type Plan } from '../../domain/plan.js';
import { whyNotClosed, whyNotTakenBack } from '../../domain/promotion/effect-conditions.js';
import type { PlacePlan, PromotionPlan } from '../../domain/promotion/plan.js';
import { describeRelease } from '../../domain/promotion/release.js';
import { type PlaceTarget, PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import type { PromotionRequest } from '../../domain/request.js';
import { subjectOf } from '../../domain/subject.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { PlanConflict } from '../../planning/promotion/conflict.js';
import { hasOwnValues, withoutChange } from '../../planning/promotion/our-values.js';
import { isSamePlace, type PlannedPlace, planPlaceAgain } from '../../planning/promotion/promotion-plan.js';
import { hashOf } from '../../planning/promotion/repository-files.js';
import type { PromotionSystems } from '../../planning/promotion/systems.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { GitLabMergeRequests } from '../../systems/gitlab/merge-requests.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';
import type { EffectResult, TargetRef } from '../contracts.js';
import { holdsValues } from '../delivery/own-values.js';
import { valuesOf } from '../delivery/wanted.js';
import { effectRefused, StepFailed } from '../errors.js';
import type { EffectGuard, PermittedEffect } from '../guard/effect-guard.js';
import type { PromotionGitActivities, Readiness } from '../promotion-contracts.js';
import { ChangeLanding, type Landed, type LandingInput } from './landing.js';

type PlaceEffect = PermittedEffect<PromotionRequest, PlaceTarget>;

export interface PromotionGitDeps {
  readonly ledger: WorkerLedger;
  readonly places: EffectGuard<PromotionRequest, PlaceTarget>;
  readonly systems: PromotionSystems & {
    readonly gitlab: GitLabClient;
    readonly repositories: GitLabRepositories;
  };
  readonly mergeRequests: GitLabMergeRequests;
  /** windows, freezes and holds, looked at again right before the merge */
  readonly readinessOf: (request: PromotionRequest, place: PlaceTarget, nowMs: number) => Promise<Readiness>;
  /** where people read about a request; no slash at the end */
  readonly publicUrl: string;
}

export function createPromotionGitActivities(deps: PromotionGitDeps): PromotionGitActivities {
  const { places } = deps;
  return {
    ensureMergeRequest: (ref) =>
      places.make(
        ref,
        'gitlab',
        PROMOTION_OBJECT.mergeRequest,
        (effect) => ensureMergeRequest(deps, effect),
        { phase: 'proposal' },
      ),
    ensureMerge: (ref) =>
      places.make(ref, 'gitlab', PROMOTION_OBJECT.merge, (effect) => ensureMerge(deps, effect)),
    ensureRevert: (ref) =>
      places.make(ref, 'gitlab', PROMOTION_OBJECT.revert, (effect) => ensureRevert(deps, effect), {
        whyNot: whyNotTakenBack,
      }),
    async closeMergeRequest(ref: TargetRef) {
      await places.make(
        ref,
        'gitlab',
        PROMOTION_OBJECT.mergeRequestEnd,
        (effect) => closeMergeRequest(deps, effect),
        { phase: 'tidying', whyNot: whyNotClosed },
      );
    },
  };
}

async function ensureMergeRequest(deps: PromotionGitDeps, effect: PlaceEffect): Promise<EffectResult> {
  const planned = await approvedContent(deps, effect);
  const landing = landingOf(deps, await inputOf(deps, effect, planned));
  const { mergeRequest, head, outcome } = await landing.propose();
  return {
    outcome: outcome === 'adopted' && effect.resumed ? 'created' : outcome,
    readBack: {
      ...placeOf(effect.target),
      iid: mergeRequest.iid,
      url: mergeRequest.webUrl,
      head,
      base: planned.plan.base,
    },
  };
}

async function ensureMerge(deps: PromotionGitDeps, effect: PlaceEffect): Promise<EffectResult> {
  const { target, request } = effect;
  if (effect.planned.action === 'unchanged') return await unchangedMerge(deps, effect);
  const merged = await mergedBefore(deps, effect);
  if (merged !== undefined) return merged;
  const readiness = await deps.readinessOf(request, target, Date.now());
  if (readiness.state === 'waiting') throw notReady(target, readiness.clause);
  return await alone(deps, target, async () => {
    const planned = await approvedContent(deps, effect);
    const { fingerprint } = promotionOf(effect.whole);
    const landed = await landingOf(deps, await inputOf(deps, effect, planned)).merge();
    return {
      outcome: 'changed',
      readBack: { ...placeOf(target), ...landed, base: planned.plan.base, fingerprint },
    };
  });
}

/** A merge whose answer was lost, or that was made before a crash, is adopted as it landed. */
async function mergedBefore(deps: PromotionGitDeps, effect: PlaceEffect): Promise<EffectResult | undefined> {
  const landed = await landedBefore(deps, effect, promotionBranch(effect));
  if (landed === undefined) return undefined;
  const plan = placePlanOf(effect);
  const holds =
    (await holdsAt(deps, effect.target, landed.commit, plan, 'after')) ||
    (await ownValues(deps, effect)?.(landed.commit)) === true;
  if (!holds) {
    throw new StepFailed(FAILURE.hopeless, {
      system: 'gitlab',
      operation: 'merge',
      object: `${effect.target.project}!${landed.iid}`,
      message: `it was merged as ${landed.commit.slice(0, 12)} with other content than was approved`,
      remedy: 'Look at the commit at once, and roll back',
    });
  }
  const { fingerprint } = promotionOf(effect.whole);
  return {
    outcome: 'changed',
    readBack: { ...placeOf(effect.target), ...landed, base: plan.base, fingerprint },
  };
}

/** What our merge request of this branch landed as; undefined when it was not merged. */
async function landedBefore(
  deps: PromotionGitDeps,
  { target }: PlaceEffect,
  sourceBranch: string,
): Promise<Landed | undefined> {
  const { project, branch } = target;
  const signal = cancellationSignal();
  const [known] = await deps.mergeRequests.find({ project, sourceBranch, targetBranch: branch }, signal);
  if (known?.state !== 'merged') return undefined;
  const { mergeMethod } = await deps.systems.repositories.project(project, signal);
  const landing = await deps.mergeRequests.landing({ project, mergeRequest: known, mergeMethod }, signal);
  if (landing === null) throw notReady(target, 'GitLab notes which commit was made');
  return { iid: known.iid, url: known.webUrl, head: known.sha ?? '', commit: landing.commitSha };
}

async function unchangedMerge(deps: PromotionGitDeps, effect: PlaceEffect): Promise<EffectResult> {
  const { plan, change } = await plannedNow(deps, effect);
  if (change.changes.length > 0) throw approvalVoid(effect.target, 'it would have to be changed by now');
  return {
    outcome: 'unchanged',
    readBack: {
      ...placeOf(effect.target),
      commit: plan.base,
      base: plan.base,
      fingerprint: promotionOf(effect.whole).fingerprint,
    },
  };
}

/** Puts back what stood there before, if nobody has changed it since. */
async function ensureRevert(deps: PromotionGitDeps, effect: PlaceEffect): Promise<EffectResult> {
  const { target, requestId, request } = effect;
  const merge = await effect.readBackOf(PROMOTION_OBJECT.merge);
  return await alone(deps, target, async () => {
    const changes = await changesBack(deps, effect, merge);
    const base = await headOf(deps, target);
    if (changes.length === 0) return (await revertedBefore(deps, effect)) ?? unreverted(target, base);
    const landed = await landingOf(deps, {
      requestId,
      project: target.project,
      target: target.branch,
      branch: revertBranch(effect),
      base,
      changes,
      ourHeads: new Set(),
      title: `Take back ${subjectOf(request).title}`,
      description: `Reverts ${textOf(merge, 'url')}.\n\n${deps.publicUrl}/r/${requestId}`,
    }).merge();
    return { outcome: 'changed', readBack: { ...placeOf(target), ...landed, base } };
  });
}

/** A revert whose answer was lost is adopted as it landed. */
async function revertedBefore(
  deps: PromotionGitDeps,
  effect: PlaceEffect,
): Promise<EffectResult | undefined> {
  const { target } = effect;
  const landed = await landedBefore(deps, effect, revertBranch(effect));
  if (landed === undefined) return undefined;
  const { repositories } = deps.systems;
  const [base = ''] = (await repositories.commit(target.project, landed.commit, cancellationSignal()))
    .parentIds;
  return { outcome: 'changed', readBack: { ...placeOf(target), ...landed, base } };
}

function unreverted(target: PlaceTarget, base: string): EffectResult {
  return { outcome: 'unchanged', readBack: { ...placeOf(target), commit: base, base } };
}

/** Files of the approved plan that hold the change now, with what they held before it. */
async function changesBack(
  deps: PromotionGitDeps,
  effect: PlaceEffect,
  merge: ReadBack,
): Promise<readonly TextChange[]> {
  const { gitlab } = deps.systems;
  const { project, branch } = effect.target;
  const signal = cancellationSignal();
  const [base, landed] = [textOf(merge, 'base'), textOf(merge, 'commit')];
  const textAt = async (commit: string, path: string): Promise<string | null> =>
    (await gitlab.readFileAt({ project, commit, path }, signal))?.content ?? null;
  const changes: TextChange[] = [];
  for (const { path, after } of placePlanOf(effect).files) {
    const [old, nowText] = await Promise.all([
      textAt(base, path),
      gitlab.readFile({ project, branch, path }, signal).then((now) => now?.content ?? null),
    ]);
    if (hashOf(nowText) === hashOf(old)) continue;
    if (hashOf(nowText) === after) {
      changes.push({ path, before: nowText, after: old });
      continue;
    }
    const [ours, mayShare] = [await textAt(landed, path), hasOwnValues(effect.target)];
    const without =
      mayShare && old !== null && ours !== null && nowText !== null
        ? withoutChange(old, ours, nowText)
        : undefined;
    if (without === undefined) {
      throw new StepFailed(FAILURE.hopeless, {
        system: 'gitlab',
        operation: 'revert',
        object: `${project} ${branch}:${path}`,
        message: 'somebody changed the same values since: taking our change back would take theirs back too',
        remedy: 'Revert by hand, or promote a release that mends it',
      });
    }
    if (without !== nowText) changes.push({ path, before: nowText, after: without });
  }
  return changes;
}

async function closeMergeRequest(deps: PromotionGitDeps, effect: PlaceEffect): Promise<EffectResult> {
  const { project, branch } = effect.target;
  const signal = cancellationSignal();
  const sourceBranch = promotionBranch(effect);
  const [known] = await deps.mergeRequests.find({ project, sourceBranch, targetBranch: branch }, signal);
  const readBack = { ...placeOf(effect.target), ...(known === undefined ? {} : { iid: known.iid }) };
  if (known === undefined || known.state === 'merged') return { outcome: 'unchanged', readBack };
  if (known.state !== 'closed') await deps.mergeRequests.close(project, known.iid, signal);
  await deps.systems.repositories.deleteBranch(project, sourceBranch, signal);
  return { outcome: 'changed', readBack };
}

/** What would be merged now, if it is what was approved. */
async function approvedContent(deps: PromotionGitDeps, effect: PlaceEffect): Promise<PlannedPlace> {
  const now = await plannedNow(deps, effect);
  if (isSamePlace(placePlanOf(effect), now.plan)) return now;
  throw approvalVoid(
    effect.target,
    `${effect.target.project} ${effect.target.branch} has changed since it was planned, and the result would be another`,
  );
}

/** @throws StepFailed `ApprovalVoid` when something has come into the way */
async function plannedNow(deps: PromotionGitDeps, effect: PlaceEffect): Promise<PlannedPlace> {
  const { request, target, whole } = effect;
  const { release } = promotionOf(whole);
  const now = await planPlaceAgain(request.content, target, release, deps.systems, cancellationSignal());
  if (now instanceof PlanConflict) throw approvalVoid(target, now.message);
  return now;
}

/** Writers of one branch take turns: each builds on the head that the one before left. */
async function alone<T>(deps: PromotionGitDeps, place: PlaceTarget, work: () => Promise<T>): Promise<T> {
  const release = await deps.ledger.holdEffect(`branch ${place.project} ${place.branch}`);
  if (release === null) throw notReady(place, 'another change of the same branch is being merged');
  try {
    return await work();
  } finally {
    await release();
  }
}

function landingOf(deps: PromotionGitDeps, input: LandingInput): ChangeLanding {
  const { repositories } = deps.systems;
  return new ChangeLanding({ repositories, mergeRequests: deps.mergeRequests }, input, cancellationSignal());
}

async function inputOf(
  deps: PromotionGitDeps,
  effect: PlaceEffect,
  planned: PlannedPlace,
): Promise<LandingInput> {
  const { target, requestId, request, whole } = effect;
  const promotion = promotionOf(whole);
  const values = ownValues(deps, effect);
  return {
    requestId,
    project: target.project,
    target: target.branch,
    branch: promotionBranch(effect),
    base: planned.plan.base,
    changes: planned.change.changes,
    ourHeads: await headsOf(deps, effect),
    ...(values === undefined ? {} : { holdsValues: values }),
    title: `Promote ${subjectOf(request).title}`,
    description: [
      `Promotes ${describeRelease(promotion.release)} to \`${target.key}\`.`,
      '',
      'Made by Gatehouse, which merges it when everybody has agreed. Approve there, not here:',
      `${deps.publicUrl}/r/${requestId}`,
    ].join('\n'),
  };
}

/** Whether a commit has our values in files that others may change meanwhile; undefined where whole files are ours. */
function ownValues(
  deps: PromotionGitDeps,
  effect: PlaceEffect,
): ((commit: string) => Promise<boolean>) | undefined {
  const { request, target, whole } = effect;
  const { values } = valuesOf(request.content, target, promotionOf(whole), placePlanOf(effect));
  if (values === undefined) return undefined;
  return (commit) => holdsValues(deps.systems.repositories, values, commit, cancellationSignal());
}

/** Heads that our branch had under earlier plans of this request. */
async function headsOf(deps: PromotionGitDeps, { target, requestId }: PlaceEffect): Promise<Set<string>> {
  const entries = await deps.ledger.effectsByKey(effectKey(target.key, PROMOTION_OBJECT.mergeRequest));
  const heads = new Set<string>();
  for (const entry of entries) {
    if (entry.requestId !== requestId || !('readBack' in entry.body)) continue;
    heads.add(textOf(entry.body.readBack, 'head'));
  }
  return heads;
}

function promotionBranch({ target, requestId }: PlaceEffect): string {
  return `promote/${target.key}/${requestId}`;
}

function revertBranch({ target, requestId }: PlaceEffect): string {
  return `revert/${target.key}/${requestId}`;
}

async function headOf(deps: PromotionGitDeps, { project, branch }: PlaceTarget): Promise<string> {
  return await deps.systems.gitlab.branchHead(project, branch, cancellationSignal());
}

async function holdsAt(
  deps: PromotionGitDeps,
  { project }: PlaceTarget,
  commit: string,
  plan: PlacePlan,
  side: 'before' | 'after',
): Promise<boolean> {
  for (const file of plan.files) {
    const found = await deps.systems.gitlab.readFileAt(
      { project, commit, path: file.path },
      cancellationSignal(),
    );
    if (hashOf(found?.content ?? null) !== file[side]) return false;
  }
  return true;
}

function promotionOf(whole: Plan): PromotionPlan {
  if (whole.promotion !== undefined) return whole.promotion;
  throw effectRefused(whole.requestId, 'the plan holds no release', 'Ask again');
}

function placePlanOf({ whole, target }: PlaceEffect): PlacePlan {
  const plan = promotionOf(whole).places.find(({ place }) => place === target.key);
  if (plan !== undefined) return plan;
  throw effectRefused(target.key, 'the plan does not hold this place', 'Ask again');
}

function placeOf({ project, branch }: PlaceTarget): ReadBack {
  return { project, branch };
}

function textOf(readBack: LedgerEntry<'effect.completed'>['body']['readBack'], name: string): string {
  const value = readBack[name];
  return typeof value === 'string' ? value : '';
}

function approvalVoid({ key }: PlaceTarget, message: string): StepFailed {
  return new StepFailed(FAILURE.void, {
    system: 'gitlab',
    operation: 'merge what was approved',
    object: key,
    message,
    remedy: 'Nothing to do: it is planned anew, and people are asked again',
  });
}

function notReady({ key }: PlaceTarget, clause: string): SystemError {
  return new SystemError({
    system: 'gitlab',
    operation: 'merge',
    object: key,
    kind: 'busy',
    message: `not yet: ${clause}`,
    remedy: 'Nothing to do: this is tried again',
  });
}
