/** Entries of an example request, as the API and the workers would append them. */
import { createHash, randomBytes } from 'node:crypto';
import type { EntryBodies } from '../../src/domain/ledger.js';
import type { AcceptInput, DecisionResult, ReservationResult } from '../../src/ledger/ports.js';
import type { FreshLedger } from './fresh-ledger.js';

export const TARGET = 'harbour-01/dev';
export const KEY = `${TARGET}:organisation`;

export function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function newId(prefix = 'req'): string {
  return `${prefix}-${randomBytes(8).toString('hex')}`;
}

export function acceptInput(
  requestId: string,
  workflowId = `fleet/otterize/${requestId}`,
  content = 'content',
): AcceptInput {
  return {
    requestId,
    accepted: {
      requestHash: sha(requestId),
      contentHash: sha(content),
      workflowId,
      kind: 'Fleet',
      document: JSON.stringify({ requestId, content }),
      envelope: 'header.payload.signature',
    },
    pinnedPolicy: { name: 'saas', digest: sha('policy'), document: '{"gates":[]}' },
    outbox: { kind: 'start', payload: JSON.stringify({ requestId }) },
  };
}

export function planBody(
  requestId: string,
  epoch: number,
  keys: readonly string[] = [KEY],
): EntryBodies['plan.recorded'] {
  return {
    epoch,
    digest: sha(`${requestId} ${epoch}`),
    totals: { create: keys.length, change: 0, adopt: 0, conflict: 0 },
    plan: {
      version: 1,
      requestId,
      epoch,
      beneficiary: { personId: 'p-0001' },
      targets: [
        {
          target: TARGET,
          effects: keys.map((key) => ({
            key,
            system: 'otterize',
            object: 'organisation',
            action: 'create',
            count: 1,
            detail: 'organisation harbour-01-dev',
          })),
          invitees: [],
          notes: [],
        },
      ],
      plannedAt: '2026-11-20T08:00:00.000Z',
    },
  };
}

export function decisionBody(
  personId: string,
  options: { epoch?: number; gate?: string; jti?: string; decision?: 'approve' | 'reject' } = {},
): EntryBodies['decision.made'] {
  const { epoch = 1, gate = 'procurement', jti = newId('jti'), decision = 'approve' } = options;
  return { gate, epoch, decision, personId, jti, envelope: `envelope.of.${jti}` };
}

export function openBody(gate = 'procurement', epoch = 1): EntryBodies['gate.opened'] {
  return { gate, epoch, openedAt: '2026-11-20T08:00:01.000Z' };
}

export function completion(epoch = 1, key = KEY): EntryBodies['effect.completed'] {
  return { key, epoch, system: 'otterize', outcome: 'created', readBack: { organisationId: 'org_1' } };
}

/** An accepted request with a plan. */
export async function planned(ledger: FreshLedger, keys?: readonly string[]): Promise<string> {
  const requestId = newId();
  await ledger.api.acceptRequest(acceptInput(requestId));
  await ledger.worker.recordPlan(requestId, planBody(requestId, 1, keys));
  return requestId;
}

/** A planned request whose gate `procurement` waits for people. */
export async function waiting(ledger: FreshLedger): Promise<string> {
  const requestId = await planned(ledger);
  await ledger.worker.openGate(requestId, openBody());
  return requestId;
}

export async function vote(
  ledger: FreshLedger,
  requestId: string,
  body: EntryBodies['decision.made'],
): Promise<DecisionResult> {
  return ledger.api.recordDecision(requestId, body, {
    kind: 'signal',
    payload: JSON.stringify({ jti: body.jti }),
  });
}

/** Reserves like somebody who has read everything up to now. */
export async function reserve(
  ledger: FreshLedger,
  requestId: string,
  epoch = 1,
  key = KEY,
): Promise<ReservationResult> {
  const judgedUpTo = await ledger.worker.lastSeq();
  return ledger.worker.reserveEffect(requestId, { key, epoch, system: 'otterize' }, judgedUpTo);
}

/** A request that passed its gate and may make effects. */
export async function permitted(ledger: FreshLedger, keys?: readonly string[]): Promise<string> {
  const requestId = await planned(ledger, keys);
  await ledger.worker.openGate(requestId, openBody());
  await vote(ledger, requestId, decisionBody('p-0002'));
  await ledger.worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result: 'passed' });
  return requestId;
}
