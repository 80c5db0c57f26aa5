/** What the change record of a promotion says: plain text without personal data, for people who never saw Gatehouse. */
import { currentPlan, type RequestRecord } from '../record.js';
import type { PromotionRequest } from '../request.js';
import { describeRelease } from './release.js';

/** Places and lines beyond this are counted only: the record links to the page, which has them all. */
const MOST_PLACES = 20;

export interface ChangeRecordText {
  /** one line */
  readonly title: string;
  readonly description: string;
  /** an exception does not wait for an assessment */
  readonly type: 'normal' | 'emergency';
}

/**
 * @param record with a plan in force
 * @param link to the page of the request
 */
export function changeRecordText(
  record: RequestRecord,
  request: PromotionRequest,
  link: string,
): ChangeRecordText {
  const { application, environment, exception, targets } = request.content;
  const plan = currentPlan(record);
  const promotion = plan?.plan.promotion;
  const release = promotion === undefined ? '' : describeRelease(promotion.release);
  const places = targets.map(
    ({ name, project, branch, directory, deliveries }) =>
      `- ${name}: ${project} ${branch}, ${directory}, to ${deliveries.map(({ cluster }) => cluster).join(', ')}`,
  );
  const gates = record.policy.spec.gates.map(
    ({ name, approvers }) => `- ${name}: ${approvers.need} of group ${approvers.group}`,
  );
  const lines = [
    `Release: ${release}`,
    ...(promotion === undefined ? [] : [`Fingerprint: ${promotion.fingerprint}`]),
    ...(plan === undefined ? [] : [`Plan: ${plan.digest}`]),
    ...(promotion === undefined ? [] : [`Risk: ${promotion.risk.level}`]),
    ...(exception === undefined ? [] : [`Exception: ${exception}`]),
    ...(request.ticket === undefined ? [] : [`Ticket: ${request.ticket}`]),
    '',
    'Places:',
    ...short(places),
    '',
    'Approvals:',
    ...(gates.length === 0 ? ['- none by policy'] : gates),
    '',
    `Request ${record.requestId}: ${link}`,
  ];
  return {
    title: `Promote ${application} to ${environment}${release === '' ? '' : `: ${release}`}`,
    description: lines.join('\n'),
    type: exception === 'hotfix' || exception === 'break-glass' ? 'emergency' : 'normal',
  };
}

function short(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_PLACES) return lines;
  return [...lines.slice(0, MOST_PLACES), `- and ${lines.length - MOST_PLACES} more`];
}
