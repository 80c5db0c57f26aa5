/**
 * The guard of every effect (law 3): reads request, plan, epoch, every yes and no, endings and revocations from the
 * ledger, verifies the signatures, re-reads the outside facts that permit it, reserves the effect, and only then acts.
 */
import type { BoundVote } from '../../domain/bound-vote.js';
import { SystemError, type SystemName } from '../../domain/failure.js';
import type { Vote } from '../../domain/gate-rules.js';
import type { AlarmName, EffectOutcome, LedgerEntry, ReadBack } from '../../domain/ledger.js';
import type { InventoryManifest, PolicyManifest } from '../../domain/manifest.js';
import { isSamePerson } from '../../domain/person-id.js';
import { effectKey, type Plan, type PlannedEffect, type TargetPlan } from '../../domain/plan.js';
import { isShadow } from '../../domain/promotion/shadow.js';
import { currentPlan, entriesOfType, hasCommand, type RequestRecord } from '../../domain/record.js';
import {
  type ClusterTarget,
  type FleetRequest,
  type PolicySubject,
  policySubjectOf,
  type RequestDocument,
} from '../../domain/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { EffectResult, TargetRef } from '../contracts.js';
import { raise, refuseWithAlarm } from '../refusal.js';
import { type Authority, gateRefusal, type MembershipFacts, type VerifiedRequest } from './authority.js';

/** How often a judgement is made anew because the ledger grew meanwhile. */
const MAX_JUDGEMENTS = 5;

/** Finds the target that a selector names in a request of one family; undefined: the request does not name it. */
export type SelectTarget<R extends RequestDocument, T> = (
  request: RequestDocument,
  key: string,
) => { readonly request: R; readonly target: T } | undefined;

export const selectCluster: SelectTarget<FleetRequest, ClusterTarget> = (request, key) => {
  if (request.kind !== 'Fleet') return undefined;
  const target = request.content.targets.find((item) => item.key === key);
  return target === undefined ? undefined : { request, target };
};

/** Why an effect may not be made now: for good, or until somebody releases what holds it. */
export interface Obstacle {
  readonly state: 'refused' | 'held';
  readonly detail: string;
}

/** What a family's effects meet beside their gates; undefined: nothing. */
export type Obstacles<R extends RequestDocument, T> = (
  request: R,
  target: T,
) => Promise<Obstacle | undefined>;

export interface GuardSettings<R extends RequestDocument, T> {
  readonly select: SelectTarget<R, T>;
  readonly policyFor: (subject: PolicySubject) => PolicyManifest | undefined;
  readonly inventory: InventoryManifest;
  readonly membership: MembershipFacts;
  /** unset: the family judges what it meets in steps of its own */
  readonly obstacles?: Obstacles<R, T>;
}

/** What an effect may know: all of it comes from the ledger, nothing from the workflow. */
export interface PermittedEffect<R extends RequestDocument = FleetRequest, T = ClusterTarget> {
  readonly requestId: string;
  readonly key: string;
  readonly epoch: number;
  readonly request: R;
  readonly target: T;
  readonly whole: Plan;
  readonly plan: TargetPlan;
  readonly planned: PlannedEffect;
  /** when this effect was first reserved, in milliseconds: what was made at a vendor after it may be ours */
  readonly reservedAtMs: number;
  /** true when an earlier attempt may have acted already */
  readonly resumed: boolean;
  /** reservations and completions under this key in any request, newest first */
  readonly history: readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[];
  /** what another effect of this target read back, in this request or an earlier one */
  readBackOf(object: string): Promise<ReadBack>;
}

/**
 * When an effect is made: unset when all gates have passed; `proposal` before them, for people to look at; `tidying` when
 * nothing comes of what was proposed, also for a revoked request.
 */
export type EffectPhase = 'proposal' | 'tidying' | undefined;

/** What the code that makes an effect knows of it; never what a plan or a workflow says. */
export interface EffectRule {
  readonly phase?: EffectPhase;
  /** a reason against it in the ledger, beside gates that have not passed; undefined when there is none */
  readonly whyNot?: (record: RequestRecord) => string | undefined;
}

export class EffectGuard<R extends RequestDocument = FleetRequest, T = ClusterTarget> {
  private readonly ledger: WorkerLedger;
  private readonly authority: Authority;
  private readonly settings: GuardSettings<R, T>;

  constructor(ledger: WorkerLedger, authority: Authority, settings: GuardSettings<R, T>) {
    this.ledger = ledger;
    this.authority = authority;
    this.settings = settings;
  }

  /**
   * Makes one effect, if the ledger permits it.
   * @param ref selects the target; parameters of the effect come from the signed request
   * @param object the object of the effect, e.g. `organisation`; with the target it makes the effect key
   * @param act looks up, compares, creates or changes only what differs, reads back; runs again after a crash
   * @param rule when it may be made
   * @throws StepFailed `EffectRefused` when the ledger does not permit it; an alarm is raised. SystemError `busy` while
   *   another attempt at the same effect is under way
   */
  async make(
    ref: TargetRef,
    system: SystemName,
    object: string,
    act: (effect: PermittedEffect<R, T>) => Promise<EffectResult>,
    rule: EffectRule = {},
  ): Promise<EffectResult> {
    const key = effectKey(ref.target, object);
    const release = await this.ledger.holdEffect(key);
    if (release === null) throw underWay(system, key);
    try {
      return await this.makeAlone(ref, system, key, act, rule);
    } finally {
      await release();
    }
  }

  private async makeAlone(
    ref: TargetRef,
    system: SystemName,
    key: string,
    act: (effect: PermittedEffect<R, T>) => Promise<EffectResult>,
    rule: EffectRule,
  ): Promise<EffectResult> {
    const { verified, selected, whole, planned, plan, reservation } = await this.reserve(
      ref,
      system,
      key,
      rule,
    );
    const history = await this.ledger.effectsByKey(key);
    const result = await act({
      requestId: ref.requestId,
      key,
      epoch: planned.epoch,
      request: selected.request,
      target: selected.target,
      whole,
      plan,
      planned: planned.effect,
      reservedAtMs: Date.parse(reservation.at),
      resumed: reservation.state !== 'reserved',
      history,
      readBackOf: (other) => this.readBackOf(verified.record, ref, other),
    });
    const recorded = firstOutcome(reservation, result);
    await this.ledger.completeEffect(ref.requestId, {
      key,
      epoch: planned.epoch,
      system,
      outcome: recorded.outcome,
      readBack: recorded.readBack,
    });
    return recorded;
  }

  /**
   * A request that may be worked on: verified, all gates passed, not ended, not revoked. For checks that change nothing at
   * a system but need the request's parameters.
   */
  async permitted(
    ref: TargetRef,
  ): Promise<{ verified: VerifiedRequest; request: R; target: T; whole: Plan; plan: TargetPlan }> {
    const verified = await this.judge(ref.requestId, ref.target);
    const { selected, whole, plan } = await this.select(verified, ref);
    return { verified, ...selected, whole, plan };
  }

  /** What an effect of this target read back; refuses with an alarm when the ledger does not hold it. */
  async readBackOf(record: RequestRecord, ref: TargetRef, object: string): Promise<ReadBack> {
    const key = effectKey(ref.target, object);
    const own = entriesOfType(record.entries, 'effect.completed').findLast((entry) => entry.body.key === key);
    if (own !== undefined) return own.body.readBack;
    const fresh = await this.ledger.effectsByKey(key);
    const completed = fresh.find((entry) => entry.type === 'effect.completed' && 'readBack' in entry.body);
    if (completed !== undefined && 'readBack' in completed.body) return completed.body.readBack;
    return await this.refuse(
      ref.requestId,
      ref.target,
      'result-contradicts-ledger',
      `${key} was reported as done, but the ledger does not hold it`,
    );
  }

  /** Judges a request now. @throws StepFailed `EffectRefused` */
  async judge(requestId: string, object: string, phase?: EffectPhase): Promise<VerifiedRequest> {
    const request = await this.authority.verify(requestId);
    if (!('record' in request)) {
      return await this.refuse(requestId, object, 'invalid-signature', request.faults.join('; '));
    }
    const { record } = request;
    if (entriesOfType(record.entries, 'request.ended').length > 0) {
      return await this.refuse(requestId, object, 'effect-refused', 'the request has ended');
    }
    if (phase !== 'tidying' && entriesOfType(record.entries, 'request.revoked').length > 0) {
      return await this.refuse(requestId, object, 'effect-refused', 'the request was revoked');
    }
    if (isShadow(record)) {
      const detail = 'the promotion is in shadow: nothing is changed for it';
      return await this.refuse(requestId, object, 'effect-refused', detail);
    }
    if (request.faults.length > 0)
      await raise(this.ledger, { requestId, alarm: 'invalid-signature', detail: request.faults.join('; ') });
    if (phase !== undefined) return request;
    const votes = await this.votesThatStand(request);
    const inForce = this.settings.policyFor(policySubjectOf(record.request));
    const refusal = gateRefusal(request, votes, inForce);
    if (refusal !== undefined) return await this.refuse(requestId, object, 'effect-refused', refusal);
    return request;
  }

  private async reserve(ref: TargetRef, system: SystemName, key: string, { phase, whyNot }: EffectRule) {
    for (let judgement = 1; ; judgement += 1) {
      const verified = await this.judge(ref.requestId, key, phase);
      const { selected, whole, plan } = await this.select(verified, ref);
      const { epoch } = whole;
      const effect = plan.effects.find((planned) => planned.key === key);
      if (effect === undefined || (effect.phase === 'proposal') !== (phase !== undefined)) {
        return await this.refuse(
          ref.requestId,
          key,
          'effect-refused',
          'the approved plan does not hold this effect',
        );
      }
      const against = whyNot?.(verified.record);
      if (against !== undefined) return await this.refuse(ref.requestId, key, 'effect-refused', against);
      // a cancelled request begins nothing new, whether or not its workflow lives to close it; a proposal is tidied up
      if (
        phase === undefined &&
        hasCommand(verified.record, 'cancel') &&
        !isReserved(verified.record, key, epoch)
      ) {
        return await this.refuse(ref.requestId, key, 'effect-refused', 'the request was cancelled');
      }
      if (phase === undefined && !isReserved(verified.record, key, epoch)) {
        await this.meet(ref, system, key, selected);
      }
      const reservation = await this.ledger.reserveEffect(
        ref.requestId,
        { key, epoch, system },
        verified.judgedUpTo,
      );
      if (reservation.state !== 'refused') {
        return { verified, selected, whole, plan, planned: { effect, epoch }, reservation };
      }
      if (reservation.reason !== 'changed-meanwhile' || judgement >= MAX_JUDGEMENTS) {
        return await this.refuse(
          ref.requestId,
          key,
          'effect-refused',
          `the ledger refused: ${reservation.reason}`,
        );
      }
    }
  }

  /** What is begun is finished; what is not begun yet waits for the end of a hold. */
  private async meet(
    ref: TargetRef,
    system: SystemName,
    key: string,
    { request, target }: { readonly request: R; readonly target: T },
  ): Promise<void> {
    const obstacle = await this.settings.obstacles?.(request, target);
    if (obstacle === undefined) return;
    if (obstacle.state === 'held') throw held(system, key, obstacle.detail);
    await this.refuse(ref.requestId, key, 'effect-refused', obstacle.detail);
  }

  private async select(
    verified: VerifiedRequest,
    ref: TargetRef,
  ): Promise<{ selected: { request: R; target: T }; whole: Plan; plan: TargetPlan }> {
    const selected = this.settings.select(verified.record.request, ref.target);
    const whole = currentPlan(verified.record)?.plan;
    const plan = whole?.targets.find((item) => item.target === ref.target);
    if (selected === undefined || whole === undefined || plan === undefined) {
      return await this.refuse(
        ref.requestId,
        ref.target,
        'effect-refused',
        'the request does not name this target',
      );
    }
    return { selected, whole, plan };
  }

  /** Drops votes of people who are no longer in the group, or whose account turns out to be an alias of somebody excluded. */
  private async votesThatStand(request: VerifiedRequest): Promise<readonly Vote[]> {
    const stands = await Promise.all(request.votes.map((vote) => this.stands(request, vote)));
    return request.votes.filter((_, index) => stands[index] === true);
  }

  /** All look-ups side by side: each is a call to the directory, and a rollout begins with them. */
  private async stands(request: VerifiedRequest, vote: BoundVote): Promise<boolean> {
    if (vote.decision === 'reject') return true;
    const { inventory, membership } = this.settings;
    const gate = request.record.policy.spec.gates.find((item) => item.name === vote.gate);
    const names =
      gate === undefined ? [] : [gate.approvers.group, ...(gate.escalate ? [gate.escalate.toGroup] : [])];
    const ids = names.flatMap((name) => inventory.spec.groups[name] ?? []);
    const [personId, memberships] = await Promise.all([
      membership.personIdOf(vote.accountId),
      Promise.all(ids.map((id) => membership.isMember(vote.accountId, id))),
    ]);
    return personId !== null && isSamePerson(personId, vote.personId) && memberships.includes(true);
  }

  private async refuse(requestId: string, object: string, alarm: AlarmName, detail: string): Promise<never> {
    return await refuseWithAlarm(this.ledger, {
      requestId,
      alarm,
      detail: `${object}: ${detail}`,
      object,
      message: detail,
      remedy: 'Look at the request and its decisions in the ledger; nothing was changed at any system',
    });
  }
}

/** Tried again until nobody holds it any more. */
function held(system: SystemName, key: string, hold: string): SystemError {
  return new SystemError({
    system,
    operation: 'ensure',
    object: key,
    kind: 'busy',
    message: `${hold} stops it`,
    remedy: 'Whoever may release the hold does so: gatehouse release. This is tried again',
  });
}

/** Tried again until the attempt that is under way has ended, one way or the other. */
function underWay(system: SystemName, key: string): SystemError {
  return new SystemError({
    system,
    operation: 'ensure',
    object: key,
    kind: 'busy',
    message: 'another attempt at this effect is under way',
    remedy: 'Nothing to do: this is tried again when that one has ended',
  });
}

/** An effect that was begun is finished also after that: half of it would be worse. */
function isReserved(record: RequestRecord, key: string, epoch: number): boolean {
  return entriesOfType(record.entries, 'effect.reserved').some(
    ({ body }) => body.key === key && body.epoch === epoch,
  );
}

/** A repeat that finds everything in place keeps the outcome that was recorded when it was made. */
function firstOutcome(
  reservation: { readonly state: string; readonly outcome?: EffectOutcome },
  result: EffectResult,
): EffectResult {
  return reservation.state === 'completed' &&
    reservation.outcome !== undefined &&
    result.outcome === 'unchanged'
    ? { outcome: reservation.outcome, readBack: result.readBack }
    : result;
}
