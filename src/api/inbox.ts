/** What waits for a person: the open gates at which he may decide, by the same rule that takes his decision. */

import { gateContextOf } from '../domain/gate-context.js';
import { refuseDecision } from '../domain/gate-rules.js';
import type { Identity } from '../domain/identity.js';
import { currentPlan, type RequestRecord } from '../domain/record.js';
import type { ApiLedger, OpenGate } from '../ledger/ports.js';
import { ownDecision } from './decisions.js';
import type { Roles } from './roles.js';

export interface InboxItem {
  readonly gate: OpenGate;
  readonly record: RequestRecord;
}

export class Inbox {
  private readonly ledger: ApiLedger;
  private readonly roles: Roles;
  private readonly now: () => number;

  constructor(ledger: ApiLedger, roles: Roles, now: () => number) {
    this.ledger = ledger;
    this.roles = roles;
    this.now = now;
  }

  /** Open gates where this person may decide and has not yet, oldest first. */
  async of(identity: Identity): Promise<readonly InboxItem[]> {
    const open = await this.ledger.openGates();
    const records = new Map<string, RequestRecord | null>();
    const items: InboxItem[] = [];
    for (const gate of open) {
      if (!records.has(gate.requestId)) {
        records.set(gate.requestId, await this.ledger.recordFor(gate.requestId));
      }
      const record = records.get(gate.requestId);
      if (record !== null && record !== undefined && this.waitsFor(record, gate, identity)) {
        items.push({ gate, record });
      }
    }
    return items;
  }

  private waitsFor(record: RequestRecord, open: OpenGate, identity: Identity): boolean {
    const gate = record.policy.spec.gates.find(({ name }) => name === open.gate);
    if (gate === undefined || currentPlan(record)?.epoch !== open.epoch) return false;
    if (ownDecision(record, gate, open.epoch, identity.personId) !== undefined) return false;
    return (
      refuseDecision(
        gate,
        this.roles.decidingGroups(record, gate),
        gateContextOf(record, open.epoch),
        {
          kind: identity.kind,
          personId: identity.personId,
          groups: identity.groups,
          authTimeMs: identity.authTime * 1_000,
        },
        undefined,
        this.now(),
      ) === undefined
    );
  }
}
