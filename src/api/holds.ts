/** Holds: who may stop changes and let them go on, and telling the promotions that it concerns. */
import { actorOf, type Identity } from '../domain/identity.js';
import type { InventoryManifest } from '../domain/manifest.js';
import { describeScope, type Hold, type HoldScope, holdOf, holdsOn } from '../domain/promotion/holds.js';
import { workflowIdOf } from '../domain/request.js';
import { LedgerRefused } from '../ledger/errors.js';
import type { ApiLedger } from '../ledger/ports.js';
import type { InstalledPath } from '../manifests/installed-files.js';
import { suggest } from '../manifests/near-miss.js';
import { digest } from '../security/canonical.js';
import { newHoldId } from './new-ids.js';
import { newsMessage } from './outbox-messages.js';
import { type Fault, Problem } from './problems.js';
import type { Roles } from './roles.js';

export interface HoldsDependencies {
  readonly ledger: ApiLedger;
  readonly paths: readonly InstalledPath[];
  readonly roles: Roles;
  /** of fleets: each service and each stage of the inventory */
  readonly fleets: readonly Held[];
}

export class Holds {
  private readonly deps: HoldsDependencies;

  constructor(deps: HoldsDependencies) {
    this.deps = deps;
  }

  /** Holds that nobody has released, oldest first, with their reasons as far as they are not erased. */
  async all(): Promise<readonly Hold[]> {
    const { ledger } = this.deps;
    const entries = await ledger.holds();
    const refs = entries.flatMap(({ body }) => (body.reason === undefined ? [] : [body.reason]));
    const reasons = await ledger.personal(refs);
    return entries.map((entry) => holdOf(entry, reasons));
  }

  /** Holds that concern something that this person may see. */
  async seenBy(identity: Identity): Promise<readonly Hold[]> {
    const { paths, roles } = this.deps;
    const seesFleets = (['operator', 'requester', 'auditor'] as const).some((role) =>
      roles.has(identity, role),
    );
    const seen = [
      ...subjectsOf(paths).filter(({ owners }) => roles.maySeeApplication(identity, owners)),
      ...(seesFleets ? this.deps.fleets : []),
    ];
    return (await this.all()).filter((hold) => seen.some((subject) => holdsOn([hold], subject).length > 0));
  }

  /**
   * From its entry in the ledger on nothing of the scope is merged.
   * @param key the caller's Idempotency-Key: the same key is the same hold
   * @throws Problem `forbidden`, `malformed` (no such application or environment), `key-reused`; LedgerUnavailable
   */
  async place(identity: Identity, scope: HoldScope, reason: string, key: string | undefined): Promise<Hold> {
    this.refuseUnlessAllowed(identity, scope, 'place');
    this.refuseUnknown(scope);
    const { ledger } = this.deps;
    const by = actorOf(identity);
    const holdId = key === undefined ? newHoldId() : newHoldId(seedOf(`${by.kind}:${by.id}`, key));
    const [kept] = await ledger.keepPersonal(holdId, [reason]);
    await ledger.placeHold(null, { holdId, scope, by, ...(kept === undefined ? {} : { reason: kept }) });
    const hold = (await this.all()).find((other) => other.holdId === holdId);
    if (hold === undefined || describeScope(hold.scope) !== describeScope(scope)) {
      throw new Problem(
        'key-reused',
        'The Idempotency-Key was sent before: for another hold, or for one that was released since.',
      );
    }
    await this.tell(scope);
    return hold;
  }

  /**
   * Changes go on.
   * @returns the hold that was released; null when it was released before
   * @throws Problem `not-found`, `forbidden`; LedgerUnavailable
   */
  async release(identity: Identity, holdId: string): Promise<Hold | null> {
    const { ledger } = this.deps;
    const hold = (await this.seenBy(identity)).find((other) => other.holdId === holdId);
    if (hold !== undefined) this.refuseUnlessAllowed(identity, hold.scope, 'release');
    else if (!this.deps.roles.has(identity, 'operator')) throw noSuchHold();
    try {
      await ledger.releaseHold({ holdId, by: actorOf(identity) });
    } catch (error) {
      if (error instanceof LedgerRefused && error.reason === 'unknown-request') throw noSuchHold();
      throw error;
    }
    if (hold === undefined) return null;
    await this.tell(hold.scope);
    return hold;
  }

  private refuseUnlessAllowed(identity: Identity, scope: HoldScope, what: 'place' | 'release'): void {
    const { paths, roles } = this.deps;
    if (roles.has(identity, 'operator')) return;
    const owners = paths.find(({ manifest }) => manifest.metadata.name === scope.application)?.manifest.spec
      .owners;
    if (owners !== undefined && roles.isOwner(identity, owners)) return;
    throw new Problem(
      'forbidden',
      scope.application === undefined
        ? `Only operators may ${what} a hold on ${describeScope(scope)}.`
        : `Only operators and the owners of ${scope.application} may ${what} this hold.`,
    );
  }

  private refuseUnknown({ application, environment }: HoldScope): void {
    const { paths, fleets } = this.deps;
    const applications = [
      ...new Set([
        ...paths.map(({ manifest }) => manifest.metadata.name),
        ...fleets.map((fleet) => fleet.application),
      ]),
    ];
    const faults: Fault[] = [];
    if (application !== undefined && !applications.includes(application)) {
      const message = `"${application}" has no path and is no service: ${suggest(application, applications)}`;
      faults.push({ place: 'body.scope.application', message });
    }
    const environments = [...subjectsOf(paths), ...fleets]
      .filter((subject) => application === undefined || subject.application === application)
      .map((subject) => subject.environment);
    if (faults.length === 0 && environment !== undefined && !environments.includes(environment)) {
      const message = `nothing is promoted to "${environment}": ${suggest(environment, [...new Set(environments)])}`;
      faults.push({ place: 'body.scope.environment', message });
    }
    if (faults.length > 0) throw new Problem('malformed', 'The hold names what is not there.', { faults });
  }

  /** Open promotions look again at once: at what holds them up, or at what does so no more. */
  private async tell(scope: HoldScope): Promise<void> {
    const { ledger, paths } = this.deps;
    const hold: Hold = { holdId: '', scope, placedAt: '' };
    for (const subject of subjectsOf(paths)) {
      if (holdsOn([hold], subject).length === 0) continue;
      const workflowId = workflowIdOf.promotion(subject.application, subject.environment);
      const [open] = await ledger.openRequests(workflowId);
      if (open === undefined) continue;
      const record = await ledger.recordFor(open.requestId);
      const places = record?.request.content.targets.map(({ key }) => workflowIdOf.place(key)) ?? [];
      await ledger.tellOfNews(open.requestId, newsMessage({ workflowIds: [workflowId, ...places] }));
    }
  }
}

/** What a hold can be about. */
interface Held {
  readonly application: string;
  readonly environment: string;
}

/** A service is held by its name, and its clusters by their stage. */
export function fleetSubjects({ spec }: InventoryManifest): readonly Held[] {
  const stages = [...new Set(spec.clusters.map(({ stage }) => stage))];
  return Object.keys(spec.services).flatMap((application) =>
    stages.map((environment) => ({ application, environment })),
  );
}

interface Subject extends Held {
  readonly owners: string;
}

/** Where something can be promoted to. */
function subjectsOf(paths: readonly InstalledPath[]): readonly Subject[] {
  return paths.flatMap(({ manifest: { metadata, spec } }) =>
    spec.environments
      .slice(1)
      .map(({ name }) => ({ application: metadata.name, environment: name, owners: spec.owners })),
  );
}

function seedOf(caller: string, key: string): Uint8Array {
  return Buffer.from(digest(JSON.stringify([caller, key])), 'hex');
}

function noSuchHold(): Problem {
  return new Problem('not-found', 'There is no such hold, or you may not see it.');
}
