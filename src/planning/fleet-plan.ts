/** The plan of a fleet: what carrying the request out will create, change or adopt, per target. Reads only. */
import type { LedgerEntry } from '../domain/ledger.js';
import { effectKey, type PlannedAction, type PlannedEffect, type TargetPlan } from '../domain/plan.js';
import type { ClusterTarget, PersonalRef, SecretStoreTarget } from '../domain/request.js';
import type { Applications } from '../systems/argocd/applications.js';
import type { DirectoryClient } from '../systems/directory/client.js';
import type { GitLabClient } from '../systems/gitlab/client.js';
import type { OtterizeClient } from '../systems/otterize/client.js';
import type { OtterizeOrganization } from '../systems/otterize/organization.js';
import type { SecretStore } from '../systems/secret-store.js';
import { findEnvironment } from './environment.js';
import {
  findIntegration,
  readStored,
  recordedCredentials,
  refuseReplacing,
  type StoredCredentials,
  type WantedCredentials,
} from './integration.js';
import { findInvitees, type InviteeFinding } from './invitees.js';
import { missingInvites } from './invites.js';
import { findOrganisation } from './organisation.js';
import { ownershipOf, secretOwnership } from './ownership.js';
import { findValues } from './values.js';

/** Targets looked at side by side: bounded so that a plan does not use up a vendor's rate limit. */
const TARGETS_AT_ONCE = 12;

/** Systems that a plan reads. */
export interface PlanningSystems {
  readonly otterize: OtterizeClient;
  readonly directory: DirectoryClient;
  readonly gitlab: GitLabClient;
  readonly secretStoreOf: (target: SecretStoreTarget) => SecretStore;
  readonly applicationsOf: (application: ClusterTarget['application']) => Applications;
}

/** What the ledger knows; a plan without a ledger gives empty answers. */
export interface PlanningFacts {
  history(key: string): Promise<readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[]>;
  /** values of personal references; unknown ones are absent */
  personal(refs: readonly PersonalRef[]): Promise<ReadonlyMap<PersonalRef, string>>;
  keepPersonal(values: readonly string[]): Promise<readonly PersonalRef[]>;
}

/**
 * Plans every target. People are looked up once per distinct wish, not once per cluster.
 * @param onProgress called after every target, e.g. to heartbeat
 * @throws SystemError when a system cannot answer: then there is no plan
 */
export async function planTargets(
  targets: readonly ClusterTarget[],
  systems: PlanningSystems,
  facts: PlanningFacts,
  onProgress: (done: number) => void,
  signal?: AbortSignal,
): Promise<readonly TargetPlan[]> {
  const invitees = new InviteeCache(systems.directory, facts, signal);
  const plans = new Map<string, TargetPlan>();
  const queue = [...targets];
  const work = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      plans.set(target.key, await planTarget(target, systems, facts, invitees, signal));
      onProgress(plans.size);
    }
  };
  await Promise.all(Array.from({ length: Math.min(TARGETS_AT_ONCE, targets.length) }, work));
  return targets.flatMap((target) => plans.get(target.key) ?? []);
}

async function planTarget(
  target: ClusterTarget,
  systems: PlanningSystems,
  facts: PlanningFacts,
  cache: InviteeCache,
  signal?: AbortSignal,
): Promise<TargetPlan> {
  const [tenant, store, values, application, invitees] = await Promise.all([
    planTenant(target, systems, facts, cache, signal),
    readStored(systems.secretStoreOf(target.secretStore), signal),
    planValues(target, systems, signal),
    systems.applicationsOf(target.application).read(target.application.name, signal),
    cache.find(target.invite),
  ]);
  const effects: PlannedEffect[] = [...tenant, values];
  if (application === null) {
    effects.push({
      key: effectKey(target.key, 'values'),
      system: 'argocd',
      object: 'application',
      action: 'conflict',
      count: 1,
      detail: `Application ${target.application.namespace}/${target.application.name} does not exist. Create it, or correct the name in the fleet file`,
    });
  }
  return {
    target: target.key,
    effects,
    invitees: invitees.refs,
    notes: [
      ...invitees.finding.notes,
      ...(store.clientId !== null && store.clientId.tags.effect === undefined
        ? [`${target.secretStore.name} holds a client id that Gatehouse did not write`]
        : []),
    ],
  };
}

/** Organisation, invites, environment, integration and secrets. */
async function planTenant(
  target: ClusterTarget,
  systems: PlanningSystems,
  facts: PlanningFacts,
  cache: InviteeCache,
  signal?: AbortSignal,
): Promise<readonly PlannedEffect[]> {
  const ownership = ownershipOf(await facts.history(effectKey(target.key, 'organisation')), 'organisationId');
  const [found, people] = await Promise.all([
    findOrganisation(systems.otterize, target.organisation, ownership, signal),
    cache.find(target.invite),
  ]);
  const effect = effectsOf(target);
  if (found.state === 'absent')
    return newTenant(target, people, await planNewSecrets(target, systems, facts, signal));
  const organisation = systems.otterize.organization(found.organisation.id);
  const rest = await planInside(target, organisation, systems, facts, people, signal);
  if (found.state === 'ours') return [effect('organisation', 'unchanged', 0, found.organisation.id), ...rest];
  return target.adopt
    ? [effect('organisation', 'adopt', 1, `adopt ${found.organisation.id}, made by somebody else`), ...rest]
    : [
        effect(
          'organisation',
          'conflict',
          1,
          `the name ${target.organisation} is taken by ${found.organisation.id}, which Gatehouse did not make. If it is yours, set "adopt: true" for ${target.key}; else choose another name`,
        ),
        ...rest,
      ];
}

type EffectMaker = (
  object: PlannedObject,
  action: PlannedAction,
  count: number,
  detail: string,
) => PlannedEffect;
type PlannedObject = 'organisation' | 'invites' | 'environment' | 'integration' | 'secrets';

/** The secrets are stored by the effect that makes the integration: they share its key. */
function effectsOf(target: ClusterTarget): EffectMaker {
  return (object, action, count, detail) => ({
    key: effectKey(target.key, object === 'secrets' ? 'integration' : object),
    system: object === 'secrets' ? systemOf(target) : 'otterize',
    object,
    action,
    count,
    detail,
    ...(object === 'organisation' && action === 'create'
      ? { irreversible: 'an organisation cannot be deleted later' }
      : {}),
  });
}

function systemOf(target: ClusterTarget): 'key-vault' | 'vault' {
  return target.secretStore.kind === 'vault' ? 'vault' : 'key-vault';
}

/** Secrets that are still to be made: what stands in their place must be ours. */
async function planNewSecrets(
  target: ClusterTarget,
  systems: PlanningSystems,
  facts: PlanningFacts,
  signal?: AbortSignal,
): Promise<PlannedEffect> {
  const store = systems.secretStoreOf(target.secretStore);
  const stored = await readStored(store, signal);
  const history = await facts.history(effectKey(target.key, 'integration'));
  return (
    secretsConflict(target, store, stored, undefined, history) ??
    effectsOf(target)('secrets', 'create', 2, `in ${target.secretStore.name}`)
  );
}

function secretsConflict(
  target: ClusterTarget,
  store: SecretStore,
  stored: StoredCredentials,
  wanted: WantedCredentials | undefined,
  history: Awaited<ReturnType<PlanningFacts['history']>>,
): PlannedEffect | undefined {
  const key = effectKey(target.key, 'integration');
  const conflict = refuseReplacing(
    stored,
    wanted,
    secretOwnership(history, key, store.location),
    target.adopt,
  );
  return conflict === undefined
    ? undefined
    : effectsOf(target)('secrets', 'conflict', 1, `${conflict.message}. ${conflict.remedy}`);
}

function newTenant(
  target: ClusterTarget,
  people: CachedInvitees,
  secrets: PlannedEffect,
): readonly PlannedEffect[] {
  const effect = effectsOf(target);
  return [
    effect('organisation', 'create', 1, target.organisation),
    invitesEffect(effect, people, people.finding.addresses.length),
    effect('environment', 'create', 1, target.environment.name),
    effect('integration', 'create', 1, target.integration),
    secrets,
  ];
}

function invitesEffect(effect: EffectMaker, people: CachedInvitees, missing: number): PlannedEffect {
  if (people.finding.faults.length > 0)
    return effect('invites', 'conflict', 1, people.finding.faults.join('; '));
  return effect('invites', missing === 0 ? 'unchanged' : 'create', missing, `${missing} people`);
}

async function planInside(
  target: ClusterTarget,
  organisation: OtterizeOrganization,
  systems: PlanningSystems,
  facts: PlanningFacts,
  people: CachedInvitees,
  signal?: AbortSignal,
): Promise<readonly PlannedEffect[]> {
  const effect = effectsOf(target);
  const history = await facts.history(effectKey(target.key, 'integration'));
  const store = systems.secretStoreOf(target.secretStore);
  const [missing, environment, integration] = await Promise.all([
    missingInvites(organisation, people.finding.addresses, signal),
    findEnvironment(organisation, target.environment, signal),
    findIntegration(organisation, store, target.integration, recordedCredentials(history), signal),
  ]);
  const environmentAction =
    environment.state === 'absent' ? 'create' : environment.state === 'equal' ? 'unchanged' : 'change';
  const state = integration.state;
  const conflict =
    state === 'equal'
      ? undefined
      : secretsConflict(
          target,
          store,
          integration.stored,
          state === 'stale' ? integration.wanted : undefined,
          history,
        );
  return [
    invitesEffect(effect, people, missing.length),
    effect(
      'environment',
      environmentAction,
      environmentAction === 'unchanged' ? 0 : 1,
      environment.state === 'different'
        ? `${target.environment.name} (${environment.changes.join(', ')})`
        : target.environment.name,
    ),
    state === 'absent'
      ? effect('integration', 'create', 1, target.integration)
      : state === 'lost'
        ? effect('integration', 'change', 1, `made anew: the vendor does not show its secret again`)
        : effect('integration', 'unchanged', 0, target.integration),
    conflict ??
      (state === 'absent'
        ? effect('secrets', 'create', 2, `in ${target.secretStore.name}`)
        : state === 'equal'
          ? effect('secrets', 'unchanged', 0, `in ${target.secretStore.name}`)
          : effect('secrets', 'change', 2, `in ${target.secretStore.name}`)),
  ];
}

async function planValues(
  target: ClusterTarget,
  systems: PlanningSystems,
  signal?: AbortSignal,
): Promise<PlannedEffect> {
  const stored = await readStored(systems.secretStoreOf(target.secretStore), signal);
  const finding = await findValues(systems.gitlab, target.values, stored.clientId?.value.reveal(), signal);
  const effect = (action: PlannedAction, count: number, detail: string): PlannedEffect => ({
    key: effectKey(target.key, 'values'),
    system: 'gitlab',
    object: 'values',
    action,
    count,
    detail,
  });
  const { project, branch, file, key } = target.values;
  const place = `${project}/${file}`;
  const whole = `${project} (${branch}) ${file}: ${key}`;
  switch (finding.state) {
    case 'missing':
      return effect(
        'conflict',
        1,
        `${place} does not exist. Create it, or correct its path in the fleet file`,
      );
    case 'unusable':
      return effect('conflict', 1, `${place}: ${finding.message}. ${finding.remedy}`);
    case 'equal':
      return effect('unchanged', 0, whole);
    case 'different':
      return {
        ...effect('change', 1, whole),
        diff: finding.diff,
      };
  }
}

interface CachedInvitees {
  readonly finding: InviteeFinding;
  readonly refs: readonly PersonalRef[];
}

class InviteeCache {
  private readonly known = new Map<string, Promise<CachedInvitees>>();
  private readonly directory: DirectoryClient;
  private readonly facts: PlanningFacts;
  private readonly signal: AbortSignal | undefined;

  constructor(directory: DirectoryClient, facts: PlanningFacts, signal: AbortSignal | undefined) {
    this.directory = directory;
    this.facts = facts;
    this.signal = signal;
  }

  find(invite: ClusterTarget['invite']): Promise<CachedInvitees> {
    const key = JSON.stringify([invite.domain, invite.people, invite.groups]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const found = this.lookUp(invite);
    this.known.set(key, found);
    return found;
  }

  private async lookUp(invite: ClusterTarget['invite']): Promise<CachedInvitees> {
    const values = await this.facts.personal(invite.people);
    const finding = await findInvitees(
      this.directory,
      {
        domain: invite.domain,
        people: invite.people.flatMap((ref) => values.get(ref) ?? []),
        groups: invite.groups,
      },
      this.signal,
    );
    return { finding, refs: await this.facts.keepPersonal(finding.addresses) };
  }
}
