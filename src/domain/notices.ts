/** Words of mails about gates and requests. Plain text; links open a page and never decide anything. */
import type { DueNotice } from './gate-schedule.js';
import type { GatePolicy } from './manifest.js';
import { totalsOf } from './plan.js';
import { currentPlan, entriesOfType, type RequestRecord } from './record.js';
import { subjectOf } from './subject.js';

export interface Letter {
  readonly subject: string;
  readonly text: string;
}

/** @param link address of the request's page */
export function gateLetter(record: RequestRecord, gate: GatePolicy, notice: DueNotice, link: string): Letter {
  const { request } = record;
  const { requestId } = request;
  const { title } = subjectOf(request);
  const due = entriesOfType(record.entries, 'gate.opened').findLast((entry) => entry.body.gate === gate.name)
    ?.body.due;
  const totals = totalsOf(currentPlan(record)?.plan.targets ?? []);
  const opening: Readonly<Record<DueNotice['kind'], string>> = {
    opened: 'Your decision is asked for.',
    reminder: `Reminder ${notice.number}: your decision is still asked for.`,
    escalation: `Nobody of ${gate.approvers.group} has decided in time; now you may.`,
  };
  return {
    subject: `${notice.kind === 'opened' ? '' : `${notice.kind}: `}${gate.name} for ${title} (${requestId})`,
    text: [
      opening[notice.kind],
      '',
      `Request ${requestId}: ${request.kind === 'Fleet' ? 'onboard' : 'promote'} ${title}.`,
      `It will create ${totals.create}, change ${totals.change} and adopt ${totals.adopt} objects.`,
      ...(gate.evidence.length === 0 ? [] : [`Evidence that you give: ${gate.evidence.join(', ')}.`]),
      ...(due === undefined ? [] : [`Without a decision it is rejected at ${due}.`]),
      '',
      `Read and decide: ${link}`,
    ].join('\n'),
  };
}

/** @param event what happened; `target` names the cluster where one is concerned */
export function requestLetter(
  record: RequestRecord,
  event: string,
  target: string | undefined,
  link: string,
): Letter {
  const { requestId } = record.request;
  const { title } = subjectOf(record.request);
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  const outcome = ended === undefined ? event : `${ended.body.outcome}: ${ended.body.message}`;
  return {
    subject: `${title}: ${ended?.body.outcome ?? event}${target === undefined ? '' : ` ${target}`} (${requestId})`,
    text: [`Request ${requestId}, ${title}:`, outcome, '', `Details: ${link}`].join('\n'),
  };
}
