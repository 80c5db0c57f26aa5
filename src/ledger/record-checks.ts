/** Checks what was done against what was allowed at that moment: gates, effects, ending. */

import { gateContextOf } from '../domain/gate-context.js';
import { allPassed, type GateVerdict, judgeGates } from '../domain/gate-rules.js';
import type { AnyEntry, LedgerEntry } from '../domain/ledger.js';
import { isEmptyPlan, isProposal } from '../domain/plan.js';
import { isTidyingKey } from '../domain/promotion/request.js';
import { entriesOfType, type RequestRecord } from '../domain/record.js';
import { type BundleCheck, checkOf, type OpenedBundle } from './bundle-check.js';
import type { PlacedVote } from './document-checks.js';

/** Gates closed as passed or rejected were so by the votes before them: quorum, four eyes, evidence, order. */
export function checkGates({ record }: OpenedBundle, votes: readonly PlacedVote[]): BundleCheck {
  const closed = entriesOfType(record.entries, 'gate.closed');
  const faults = closed.flatMap((entry) => {
    const { gate, result } = entry.body;
    if (result === 'expired') return [];
    const verdict = verdictsBefore(record, votes, entry).find((judged) => judged.gate === gate);
    if (verdict === undefined) return [`gate ${gate} of entry ${entry.seq} is not in the policy`];
    return verdict.state === result
      ? []
      : [
          `gate ${gate} was closed as ${result} at entry ${entry.seq}, but the votes make it ${verdict.state} (${verdict.approvals} of ${verdict.need})`,
        ];
  });
  return checkOf(
    'gates',
    faults,
    closed.map(({ body }) => `${body.gate} ${body.result}`).join(', ') || 'none closed',
  );
}

/** Every effect was reserved before, and every reservation was permitted at that moment. */
export function checkEffects({ record }: OpenedBundle, votes: readonly PlacedVote[]): BundleCheck {
  const reserved = entriesOfType(record.entries, 'effect.reserved');
  const completed = entriesOfType(record.entries, 'effect.completed');
  const unreserved = completed.filter(
    (done) =>
      !reserved.some(
        ({ seq, body }) => seq < done.seq && body.key === done.body.key && body.epoch === done.body.epoch,
      ),
  );
  const faults = [
    ...unreserved.map(({ seq, body }) => `${body.key} was completed at entry ${seq} without a reservation`),
    ...reserved.flatMap((entry) => {
      const refusal = refusalAt(record, votes, entry);
      return refusal === undefined
        ? []
        : [`${entry.body.key} was reserved at entry ${entry.seq}, but ${refusal}`];
    }),
  ];
  return checkOf('effects', faults, `${completed.length} completed, each reserved when it was permitted`);
}

/** One ending, or none while the request is open; what comes after it only tells of what had begun before. */
export function checkEnding({ record }: OpenedBundle): BundleCheck {
  const endings = entriesOfType(record.entries, 'request.ended');
  const [ended, second] = endings;
  if (ended === undefined) return checkOf('ending', [], 'the request is open');
  const faults = second === undefined ? [] : [`the request ends a second time at entry ${second.seq}`];
  const late: readonly AnyEntry['type'][] = [
    'decision.made',
    'effect.reserved',
    'gate.closed',
    'plan.recorded',
  ];
  for (const entry of record.entries) {
    if (entry.seq > ended.seq && late.includes(entry.type)) {
      faults.push(`${entry.type} of entry ${entry.seq} comes after the end`);
    }
  }
  if (ended.body.outcome === 'done') faults.push(...unfinished(record));
  return checkOf('ending', faults, `${ended.body.outcome} at ${ended.at}`);
}

function verdictsBefore(
  record: RequestRecord,
  votes: readonly PlacedVote[],
  { seq, body }: LedgerEntry<'gate.closed' | 'effect.reserved'>,
): readonly GateVerdict[] {
  return judgeGates(
    record.policy.spec.gates,
    votes.filter((vote) => vote.seq < seq),
    gateContextOf({ ...record, plans: plansBefore(record, seq) }, body.epoch),
  );
}

function plansBefore(record: RequestRecord, seq: number): RequestRecord['plans'] {
  return record.plans.filter((plan) => plan.seq < seq);
}

function refusalAt(
  record: RequestRecord,
  votes: readonly PlacedVote[],
  entry: LedgerEntry<'effect.reserved'>,
): string | undefined {
  const before = record.entries.filter(({ seq }) => seq < entry.seq);
  if (before.some(({ type }) => type === 'request.ended')) return 'the request had ended';
  const plan = plansBefore(record, entry.seq).at(-1);
  if (plan === undefined || plan.body.epoch !== entry.body.epoch) return 'its epoch was not the current one';
  const { targets } = plan.body.plan;
  const tidies = isTidyingKey(entry.body.key) && isProposal(targets, entry.body.key);
  if (!tidies && before.some(({ type }) => type === 'request.revoked')) return 'the request was revoked';
  const planned = targets.some(({ effects }) => effects.some(({ key }) => key === entry.body.key));
  if (!planned) return 'the plan does not hold it';
  if (isEmptyPlan(targets) || isProposal(targets, entry.body.key)) return undefined;
  const verdicts = verdictsBefore(record, votes, entry);
  if (allPassed(verdicts)) return undefined;
  const open = verdicts.filter(({ state }) => state !== 'passed');
  return open.length === 0
    ? 'the policy has no gate'
    : open.map(({ gate, state }) => `gate ${gate} was ${state}`).join(', ');
}

/** Targets of a request that ended as done: each done or skipped, unless there was nothing to do. */
function unfinished(record: RequestRecord): readonly string[] {
  const plan = record.plans.at(-1)?.body.plan;
  if (plan === undefined) return ['it ended as done without a plan'];
  if (isEmptyPlan(plan.targets)) return [];
  const last = new Map(
    entriesOfType(record.entries, 'target.ended').map(({ body }) => [body.target, body.outcome]),
  );
  return record.request.content.targets
    .filter(({ key }) => last.get(key) !== 'done' && last.get(key) !== 'skipped')
    .map(({ key }) => `it ended as done, but ${key} did not`);
}
