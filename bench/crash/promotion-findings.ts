/** Judges promotions that were cut off by the objects that are there: nothing doubled, lost or left over. */
import { GitlabState } from '../../sandbox/gitlab/state.js';
import { ServiceNowState } from '../../sandbox/servicenow/state.js';
import { effectKey } from '../../src/domain/plan.js';
import { PROMOTION_CHECK, PROMOTION_OBJECT } from '../../src/domain/promotion/request.js';
import { verifyChain } from '../../src/ledger/chain.js';
import type { StoredEntry } from '../../src/ledger/ports.js';
import { directoryOf, PROD_PROJECT, serviceFiles } from '../promotion/services.js';
import { branchesOf, type Commit, commitsOf, filesOf } from '../repositories/git-content.js';
import type { CrashStack } from './crash-stack.js';
import type { Finding } from './findings.js';
import { wholeLedger } from './objects.js';
import { type CrashService, placeOf } from './promotion.js';

/** A promotion that has ended, and how it was to end. */
export interface PromotedService {
  readonly service: CrashService;
  readonly requestId: string;
  readonly wanted: 'done' | 'rolled-back';
}

export interface PromotionObjects {
  readonly files: ReadonlyMap<string, string>;
  /** of production's branch */
  readonly commits: readonly Commit[];
  readonly branches: readonly string[];
  readonly mergeRequests: readonly { readonly state: string; readonly sourceBranch: string }[];
  readonly changes: readonly { readonly correlationId: string; readonly state: string }[];
  readonly entries: readonly StoredEntry[];
  readonly chainFaults: readonly string[];
}

export async function readPromotionObjects(crash: CrashStack): Promise<PromotionObjects> {
  const { stack } = crash;
  const gitlab = await crash.control('gitlab').objects(GitlabState);
  const entries = await wholeLedger(crash.ledger);
  const { changes } = await crash.control('servicenow').objects(ServiceNowState);
  return {
    files: await filesOf(stack, PROD_PROJECT),
    commits: await commitsOf(stack, PROD_PROJECT),
    branches: await branchesOf(stack, PROD_PROJECT),
    mergeRequests: gitlab.mergeRequests,
    changes: changes.map(({ fields }) => ({
      correlationId: fields.correlation_id ?? '',
      state: fields.state ?? '',
    })),
    entries,
    chainFaults: verifyChain(entries, []).map((fault) => fault.message),
  };
}

/** @param promoted all promotions that were asked for */
export function promotionFindings(
  crash: CrashStack,
  objects: PromotionObjects,
  promoted: readonly PromotedService[],
): readonly Finding[] {
  const known = new Set(promoted.map(({ requestId }) => requestId));
  return [
    ...promoted.flatMap((one) => findingsOf(crash, objects, one)),
    ...objects.branches
      .filter((branch) => branch !== 'refs/heads/main')
      .map((branch): Finding => ({ kind: 'orphan', target: 'all', what: `branch ${branch}` })),
    ...objects.changes
      .filter(({ correlationId }) => ![...known].some((id) => correlationId.includes(id)))
      .map(
        (change): Finding => ({
          kind: 'orphan',
          target: 'all',
          what: `change record of ${change.correlationId}`,
        }),
      ),
    ...objects.chainFaults.map((what): Finding => ({ kind: 'lost', target: 'all', what: `ledger: ${what}` })),
  ];
}

function findingsOf(
  { stack }: CrashStack,
  objects: PromotionObjects,
  { service, requestId, wanted }: PromotedService,
): readonly Finding[] {
  const findings: Finding[] = [];
  const exactly = (what: string, count: number, expected: number): void => {
    if (count === expected) return;
    const kind = count > expected ? 'duplicate' : 'lost';
    findings.push({ kind, target: service.name, what: `${what}: ${count}, not ${expected}` });
  };
  const isBack = wanted === 'rolled-back';
  const times = isBack ? 2 : 1;

  const ours = objects.mergeRequests.filter(({ sourceBranch }) => sourceBranch.includes(requestId));
  exactly('merge requests', ours.length, times);
  exactly('merged merge requests', ours.filter(({ state }) => state === 'merged').length, times);
  const commits = objects.commits.filter(({ message }) => message.includes(requestId));
  exactly('commits', commits.filter(({ parents }) => parents.length === 1).length, times);
  exactly('merges', commits.filter(({ parents }) => parents.length > 1).length, times);
  const folder = `${directoryOf(service.name)}/`;
  const strays = commits.flatMap(({ files }) => files.filter((file) => !file.startsWith(folder)));
  exactly('files of others in its commits', strays.length, 0);
  for (const [path, content] of Object.entries(
    serviceFiles(stack, service.name, isBack ? '1.0.0' : '1.1.0'),
  )) {
    exactly(`contents of ${path}`, objects.files.get(path) === content ? 1 : 0, 1);
  }
  const changes = objects.changes.filter(({ correlationId }) => correlationId.includes(requestId));
  exactly('change records', changes.length, 1);

  const entries = objects.entries.filter((entry) => entry.requestId === requestId);
  const count = (type: string, part: string): number =>
    entries.filter((entry) => entry.type === type && entry.body.includes(part)).length;
  const place = placeOf(service);
  const completed = (object: string, expected: number): void =>
    exactly(
      `ledger: ${object} completed`,
      count('effect.completed', `"${effectKey(place, object)}"`),
      expected,
    );
  completed(PROMOTION_OBJECT.mergeRequest, 1);
  completed(PROMOTION_OBJECT.merge, 1);
  completed(PROMOTION_OBJECT.revert, isBack ? 1 : 0);
  const soaked = effectKey(place, isBack ? `reverted/${PROMOTION_CHECK.soaked}` : PROMOTION_CHECK.soaked);
  exactly('ledger: proven to the end', Math.min(1, count('check.passed', `"${soaked}"`)), 1);
  exactly('ledger: holds', count('hold.placed', ''), isBack ? 1 : 0);
  exactly('ledger: ends of the request', count('request.ended', `"outcome":"${wanted}"`), 1);
  return findings;
}
