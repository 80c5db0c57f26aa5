/** Exactly what is asked at a gate: what the approver reads is what he signs. */

import { gateContextOf } from '../../domain/gate-context.js';
import { judgeGates, refuseDecision, type Vote } from '../../domain/gate-rules.js';
import type { Identity } from '../../domain/identity.js';
import type { EvidenceName, GatePolicy } from '../../domain/manifest.js';
import { referencesIn } from '../../domain/personal-text.js';
import { currentPlan, type RequestRecord } from '../../domain/record.js';
import type { PersonalRef } from '../../domain/request.js';
import type { RequestStatus } from '../../domain/status/shapes.js';
import { subjectOf } from '../../domain/subject.js';
import { ownDecision } from '../decisions.js';
import type { GateBody } from '../schemas/gates.js';
import { planView } from './plan-view.js';

/** What each kind of evidence is called, and what of it is accepted (the rules are `domain/gate-rules`). */
const EVIDENCE: Readonly<
  Record<EvidenceName, { readonly label: string; readonly rule: (targets: number) => string }>
> = {
  contractNumber: { label: 'Contract number', rule: () => '2 to 64 letters, digits, spaces or . _ / -' },
  licences: { label: 'Licences', rule: (targets) => `a whole number, at least ${targets}: one per cluster` },
  validUntil: { label: 'Valid until', rule: () => 'a date in the future, YYYY-MM-DD' },
  assessmentUrl: { label: 'Assessment', rule: () => 'an absolute https address' },
  link: { label: 'Link', rule: () => 'an absolute https address' },
};

export interface GateViewInput {
  readonly record: RequestRecord;
  readonly gate: GatePolicy;
  readonly plan: NonNullable<ReturnType<typeof currentPlan>>;
  readonly status: RequestStatus;
  readonly votes: readonly Vote[];
  readonly identity: Identity;
  readonly decidingGroups: readonly string[];
  /** personal values by reference */
  readonly values: ReadonlyMap<PersonalRef, string>;
  readonly nowMs: number;
}

export function gateView(input: GateViewInput): GateBody {
  const { record, gate, plan, status, values } = input;
  const { request } = record;
  const targets = request.content.targets.length;
  const gateStatus = status.gates.find((other) => other.gate === gate.name);
  const verdict = judgeGates(record.policy.spec.gates, input.votes, gateContextOf(record, plan.epoch)).find(
    (other) => other.gate === gate.name,
  );
  const reason = request.reason === undefined ? undefined : values.get(request.reason);
  return {
    requestId: record.requestId,
    requestHash: record.accepted.body.requestHash,
    gate: gate.name,
    state: gateStatus?.state ?? 'not-open',
    epoch: plan.epoch,
    planDigest: plan.digest,
    asked: {
      kind: request.kind,
      ...subjectOf(request),
      requester: requesterOf(request, values),
      ...(request.requestedFor === undefined ? {} : { requestedFor: values.get(request.requestedFor) ?? '' }),
      ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
      ...(reason === undefined ? {} : { reason }),
      ...(request.source === undefined
        ? {}
        : { source: `${request.source.project} ${request.source.path} @ ${request.source.commit}` }),
      acceptedAt: record.accepted.at,
    },
    plan: planView(record.requestId, plan, values),
    policy: {
      name: request.policy.name,
      digest: request.policy.digest,
      group: gate.approvers.group,
      need: verdict?.need ?? gate.approvers.need,
      after: [...gate.after],
      ...(gate.freshLoginMs === undefined ? {} : { freshLoginMs: gate.freshLoginMs }),
    },
    evidence: gate.evidence.map((name) => ({
      name,
      label: EVIDENCE[name].label,
      rule: EVIDENCE[name].rule(targets),
    })),
    approvals: verdict?.approvals ?? 0,
    ...(gateStatus?.openedAt === undefined ? {} : { openedAt: gateStatus.openedAt }),
    ...(gateStatus?.due === undefined ? {} : { due: gateStatus.due }),
    mine: mineOf(input, gateStatus?.state ?? 'not-open'),
  };
}

/** By name where it is known and not erased; always with the opaque id, which the ledger keeps for ever. */
export function requesterOf(
  { requester, requesterName }: RequestRecord['request'],
  values: ReadonlyMap<PersonalRef, string>,
): string {
  const id = `${requester.kind} ${requester.id}`;
  const name = requesterName === undefined ? undefined : values.get(requesterName);
  return name === undefined ? id : `${name} (${id})`;
}

function mineOf(input: GateViewInput, state: string): GateBody['mine'] {
  const { record, gate, plan, identity } = input;
  const decided = ownDecision(record, gate, plan.epoch, identity.personId)?.decision;
  const refused = refuseDecision(
    gate,
    input.decidingGroups,
    gateContextOf(record, plan.epoch),
    {
      kind: identity.kind,
      personId: identity.personId,
      groups: identity.groups,
      authTimeMs: identity.authTime * 1_000,
    },
    undefined,
    input.nowMs,
  );
  const why =
    refused?.message ??
    (decided === undefined ? undefined : `You have decided: ${decided}.`) ??
    (state === 'open' ? undefined : `The gate is ${state}.`);
  return {
    mayDecide: why === undefined,
    ...(why === undefined ? {} : { why }),
    ...(decided === undefined ? {} : { decided }),
  };
}

/** References of personal values that a gate's view shows. */
export function refsOf(record: RequestRecord): readonly PersonalRef[] {
  const { request } = record;
  const plan = currentPlan(record)?.plan;
  return [
    ...new Set([
      ...(request.requestedFor === undefined ? [] : [request.requestedFor]),
      ...(request.requesterName === undefined ? [] : [request.requesterName]),
      ...(request.reason === undefined ? [] : [request.reason]),
      ...(plan?.targets.flatMap(({ invitees }) => invitees) ?? []),
      ...referencesIn(record),
    ]),
  ];
}
