/** Who may do what: groups of the inventory's roles, by directory id. */
import type { Identity } from '../domain/identity.js';
import type { GatePolicy, InventoryManifest } from '../domain/manifest.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../domain/record.js';

export type Role = 'requester' | 'operator' | 'auditor';

export class Roles {
  private readonly inventory: InventoryManifest;
  private readonly machineRequesters: readonly string[];

  constructor(inventory: InventoryManifest, machineRequesters: readonly string[] = []) {
    this.inventory = inventory;
    this.machineRequesters = machineRequesters;
  }

  /** Whether a caller holds a role, by his groups; machines may also be listed as requesters by client id. */
  has(identity: Identity, role: Role): boolean {
    if (
      role === 'requester' &&
      identity.kind === 'machine' &&
      this.machineRequesters.includes(identity.personId)
    ) {
      return true;
    }
    const { requesters, operators, auditors } = this.inventory.spec.roles;
    const names = { requester: requesters, operator: operators, auditor: auditors }[role];
    return this.holdsAny(identity, names);
  }

  /** Directory ids of the groups that may decide at a gate now: the approvers, and once escalated, the other group too. */
  decidingGroups(record: RequestRecord, gate: GatePolicy): readonly string[] {
    const epoch = currentPlan(record)?.epoch ?? 0;
    const escalated = entriesOfType(record.entries, 'gate.reminded').some(
      ({ body }) => body.kind === 'escalation' && body.gate === gate.name && body.epoch === epoch,
    );
    return this.groupIds([
      gate.approvers.group,
      ...(escalated && gate.escalate !== undefined ? [gate.escalate.toGroup] : []),
    ]);
  }

  /**
   * Operators, auditors, who asked, whom it is for, the owners of what is promoted, and the groups that decide. Everybody
   * else learns nothing.
   */
  maySee(identity: Identity, record: RequestRecord): boolean {
    if (this.has(identity, 'operator') || this.has(identity, 'auditor')) return true;
    const { requester } = record.request;
    if (requester.kind === identity.kind && requester.id === identity.personId) return true;
    if (identity.kind !== 'person') return false;
    if (this.isOwner(identity, record)) return true;
    if (currentPlan(record)?.plan.beneficiary.personId === identity.personId) return true;
    return record.policy.spec.gates.some((gate) =>
      this.decidingGroups(record, gate).some((group) => identity.groups.includes(group)),
    );
  }

  /** Members of the group that owns an application, of the promotion of a request or by the group's name. */
  isOwner(identity: Identity, of: RequestRecord | string): boolean {
    if (identity.kind !== 'person') return false;
    if (typeof of === 'string') return this.holdsAny(identity, [of]);
    return of.request.kind === 'Promotion' && this.holdsAny(identity, [of.request.content.owners]);
  }

  /**
   * Who may see what runs where, what is held and what was changed: requesters, operators, auditors, and owners of the
   * application.
   * @param owners name of the group that owns it
   */
  maySeeApplication(identity: Identity, owners: string): boolean {
    return (
      this.has(identity, 'requester') ||
      this.has(identity, 'operator') ||
      this.has(identity, 'auditor') ||
      this.isOwner(identity, owners)
    );
  }

  private holdsAny(identity: Identity, names: readonly string[]): boolean {
    return this.groupIds(names).some((id) => identity.groups.includes(id));
  }

  private groupIds(names: readonly string[]): readonly string[] {
    const { groups } = this.inventory.spec;
    return names
      .flatMap((name) => (Object.hasOwn(groups, name) ? [groups[name] ?? ''] : []))
      .filter((id) => id !== '');
  }
}
