/** Judges promotions that were cut off by the objects that are there: nothing doubled, lost or left over. */
import { GitlabState } from '../../sandbox/gitlab/state.js';
import { ServiceNowState } from '../../sandbox/servicenow/state.js';
import { effectKey } from '../../src/domain/plan.js';
import { PROMOTION_CHECK, PROMOTION_OBJECT } from '../../src/domain/promotion/request.js';
import { verifyChain } from '../../src/ledger/chain.js';
import type { StoredEntry } from '../../src/ledger/ports.js';
import { filesOfBranch, gitIn } from '../promotion/git-content.js';
import { directoryOf, PROD_PROJECT, serviceFiles } from '../promotion/services.js';
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
  /** commits of production's branch: merges have two parents or more */
  readonly commits: readonly {
    readonly id: string;
    readonly parents: number;
    readonly message: string;
    readonly files: readonly string[];
  }[];
  readonly branches: readonly string[];
  readonly mergeRequests: readonly { readonly state: string; readonly sourceBranch: string }[];
  readonly changes: readonly { readonly correlationId: string; readonly state: string }[];
  readonly entries: readonly StoredEntry[];
  readonly chainFaults: readonly string[];
}

export async function readPromotionObjects(crash: CrashStack): Promise<PromotionObjects> {
  const { stack } = crash;
  const log = await gitIn(
    stack,
    PROD_PROJECT,
    'log',
    '--name-only',
    '--format=%x01%H%x02%P%x02%B%x02',
    'main',
  );
  const gitlab = await crash.control('gitlab').objects(GitlabState);
  const entries = await wholeLedger(crash.ledger);
  const { changes } = await crash.control('servicenow').objects(ServiceNowState);
  return {
    files: await filesOfBranch(stack, PROD_PROJECT),
    commits: log
      .split('\x01')
      .slice(1)
      .map((block) => {
        const [id = '', parents = '', message = '', files = ''] = block.split('\x02');
        return { id, parents: parents.split(' ').length, message, files: linesOf(files) };
      }),
    branches: linesOf(await gitIn(stack, PROD_PROJECT, 'for-each-ref', '--format=%(refname:short)')),
    mergeRequests: gitlab.mergeRequests,
    changes: changes.map(({ fields }) => ({
      correlationId: fields.correlation_id ?? '',
      state: fields.state ?? '',
    })),
    entries,
    chainFaults: verifyChain(entries, []).map((fault) => fault.message),
  };
}

/** @param contentOf files of a service as it was before, and as the release makes it */
export function promotionFindings(
  crash: CrashStack,
  objects: PromotionObjects,
  promoted: readonly PromotedService[],
): readonly Finding[] {
  const known = new Set(promoted.map(({ requestId }) => requestId));
  return [
    ...promoted.flatMap((one) => findingsOf(crash, objects, one)),
    ...objects.branches
      .filter((branch) => branch !== 'main')
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
  exactly('commits', commits.filter(({ parents }) => parents === 1).length, times);
  exactly('merges', commits.filter(({ parents }) => parents > 1).length, times);
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

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
