/** Opens, judges and closes the gates of a request by what the ledger holds. */
import type { GateVerdict } from '../../domain/gate-rules.js';
import { agendaOf, type GateClock } from '../../domain/gate-schedule.js';
import { isShadow } from '../../domain/promotion/shadow.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { GateNotice, GatesInput, GatesResult } from '../contracts.js';
import { type Authority, gateVerdicts, type VerifiedRequest } from '../guard/authority.js';

/**
 * One look at the gates. May run again at any time: everything that it writes, it writes once.
 * @returns the state of the gates and which notices have not been sent yet
 */
export async function advanceGates(
  ledger: WorkerLedger,
  authority: Authority,
  input: GatesInput,
): Promise<GatesResult> {
  const request = await authority.verify(input.requestId);
  if (!('record' in request)) {
    await ledger.raiseAlarm(null, {
      alarm: 'invalid-signature',
      detail: `request ${input.requestId.slice(0, 64)}: ${request.faults.join('; ')}`.slice(0, 500),
      count: 1,
    });
    return { state: 'closed', message: request.faults.join('; '), notices: [] };
  }
  await raiseAlarms(ledger, request, input);
  const { record } = request;
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  if (ended !== undefined) return { state: 'closed', message: ended.body.message, notices: [] };
  if (entriesOfType(record.entries, 'request.revoked').length > 0) {
    return { state: 'closed', message: 'the request was revoked', notices: [] };
  }
  if (isShadow(record)) {
    return { state: 'closed', message: 'the promotion is in shadow: nobody is asked', notices: [] };
  }
  const plan = currentPlan(record);
  if (plan === undefined) return { state: 'no-plan', message: 'nothing is planned yet', notices: [] };

  const verdicts = gateVerdicts(request);
  const agenda = agendaOf(record.policy.spec.gates, verdicts, clocksOf(record, plan.epoch), input.nowMs);
  for (const { gate, openedAtMs, dueMs } of agenda.open) {
    await ledger.openGate(input.requestId, {
      gate,
      epoch: plan.epoch,
      openedAt: new Date(openedAtMs).toISOString(),
      ...(dueMs === undefined ? {} : { due: new Date(dueMs).toISOString() }),
    });
  }
  for (const { gate, result } of agenda.close) {
    await ledger.closeGate(input.requestId, { gate, epoch: plan.epoch, result });
  }
  return {
    state: agenda.state,
    message: messageOf(agenda.state, verdicts, record),
    notices: unsent(
      agenda.notices.map((notice) => ({ ...notice, epoch: plan.epoch })),
      record,
    ),
    ...(agenda.wakeAtMs === undefined ? {} : { wakeAtMs: agenda.wakeAtMs }),
  };
}

function clocksOf(record: RequestRecord, epoch: number): ReadonlyMap<string, GateClock> {
  return new Map(
    entriesOfType(record.entries, 'gate.opened')
      .filter((entry) => entry.body.epoch === epoch)
      .map((entry) => [
        entry.body.gate,
        {
          openedAtMs: Date.parse(entry.body.openedAt),
          ...(entry.body.due === undefined ? {} : { dueMs: Date.parse(entry.body.due) }),
        },
      ]),
  );
}

function unsent(notices: readonly GateNotice[], record: RequestRecord): readonly GateNotice[] {
  const sent = entriesOfType(record.entries, 'gate.reminded').map(({ body }) => body);
  return notices.filter(
    (notice) =>
      !sent.some(
        (body) =>
          body.gate === notice.gate &&
          body.epoch === notice.epoch &&
          body.kind === notice.kind &&
          body.number === notice.number,
      ),
  );
}

/** A message that the ledger does not know is counted, dropped, and raises an alarm (design, section 5). */
async function raiseAlarms(ledger: WorkerLedger, request: VerifiedRequest, input: GatesInput): Promise<void> {
  const epochOf = new Map(
    entriesOfType(request.record.entries, 'decision.made').map(({ body }) => [body.jti, body.epoch]),
  );
  const unknown = input.noticed.filter((jti) => !epochOf.has(jti));
  const epoch = currentPlan(request.record)?.epoch ?? 0;
  const superseded = input.noticed.filter((jti) => (epochOf.get(jti) ?? epoch) < epoch);
  const raise = async (
    alarm:
      | 'decision-not-in-ledger'
      | 'decision-replayed'
      | 'undecodable-message'
      | 'message-flood'
      | 'invalid-signature',
    count: number,
    detail: string,
  ): Promise<void> => {
    if (count > 0) await ledger.raiseAlarm(input.requestId, { alarm, detail, count });
  };
  await raise(
    'decision-not-in-ledger',
    unknown.length,
    'a message told of decisions that nobody made through the API; they were dropped',
  );
  await raise(
    'decision-replayed',
    input.repeated + superseded.length,
    'a message told again of a decision, or of one of an earlier epoch; it counts once, and at its epoch only',
  );
  await raise('undecodable-message', input.undecodable, 'messages that could not be read were dropped');
  await raise(
    'message-flood',
    input.dropped,
    'more messages came than are kept; the rest was dropped unread',
  );
  await raise('invalid-signature', request.faults.length, request.faults.join('; ').slice(0, 500));
}

function messageOf(
  state: GatesResult['state'],
  verdicts: readonly GateVerdict[],
  record: RequestRecord,
): string {
  if (state === 'passed') return 'all gates have passed';
  const lines = verdicts.map((verdict) => {
    const group = record.policy.spec.gates.find((gate) => gate.name === verdict.gate)?.approvers.group ?? '';
    const after = verdict.waitsFor.length === 0 ? '' : `, after ${verdict.waitsFor.join(', ')}`;
    return `- **${verdict.gate}** is ${verdict.state}: ${verdict.approvals} of ${verdict.need} by group ${group}${after}`;
  });
  return lines.join('\n');
}
