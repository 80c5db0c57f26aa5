/** Judges by the objects that are there: nothing doubled, lost or orphaned. Pure. */
import { parse } from 'yaml';
import { effectKey } from '../../src/domain/plan.js';
import { SECRET_NAMES } from '../../src/planning/integration.js';
import type { Objects } from './objects.js';
import type { CrashCluster } from './onboarding.js';

export interface Finding {
  readonly kind: 'duplicate' | 'lost' | 'orphan';
  /** `name/stage`, or `all` */
  readonly target: string;
  readonly what: string;
}

/** A cluster whose request has ended as done. */
export interface Finished {
  readonly cluster: CrashCluster;
  readonly requestId: string;
  /** the vendor shows the secret once: a lost one is made anew, which is a second version in the store */
  readonly remade?: boolean;
}

/** Effects of one target, by object of their key. */
const EFFECTS = ['organisation', 'invites', 'environment', 'integration', 'values'] as const;
const CHECKS = ['sync', 'external-secret', 'connected'] as const;

/**
 * @param reference the cluster of the clean run: every other one must look like it
 * @param finished all clusters that were onboarded, the reference among them
 */
export function findingsOf(
  objects: Objects,
  reference: Finished,
  finished: readonly Finished[],
): readonly Finding[] {
  return [
    ...finished.flatMap((one) => findingsOfTarget(objects, reference, one)),
    ...orphans(objects, finished),
    ...objects.chainFaults.map((what): Finding => ({ kind: 'lost', target: 'all', what: `ledger: ${what}` })),
  ];
}

function findingsOfTarget(objects: Objects, reference: Finished, one: Finished): readonly Finding[] {
  const target = keyOf(one.cluster);
  const findings: Finding[] = [];
  const exactly = (what: string, count: number, wanted: number): void => {
    if (count > wanted)
      findings.push({ kind: 'duplicate', target, what: `${what}: ${count}, not ${wanted}` });
    if (count < wanted) findings.push({ kind: 'lost', target, what: `${what}: ${count}, not ${wanted}` });
  };
  const { otterize } = objects;
  const tenant = tenantOf(objects, one.cluster);
  exactly('organisations', tenant.organisations.length, 1);
  exactly('environments', tenant.environments.length, 1);
  exactly('integrations', tenant.integrations.length, 1);
  exactly('clusters at the vendor', tenant.clusters.length, 1);
  const people = [...new Set(tenantOf(objects, reference.cluster).invites.map((invite) => invite.email))];
  for (const email of people) {
    exactly(`invites of ${email}`, tenant.invites.filter((invite) => invite.email === email).length, 1);
  }
  exactly('invites', tenant.invites.length, people.length);

  const [integration] = tenant.integrations;
  const vault = objects.vaults.find((item) => item.name === vaultOf(one.cluster));
  for (const [name, wanted] of [
    [SECRET_NAMES.clientId, integration?.clientId],
    [SECRET_NAMES.clientSecret, integration?.clientSecret],
  ] as const) {
    const secrets = vault?.secrets.filter((secret) => secret.name === name) ?? [];
    const versions = secrets.flatMap((secret) => secret.versions);
    exactly(`secrets ${name}`, secrets.filter((secret) => secret.deleted === undefined).length, 1);
    exactly(
      `secrets ${name} that are the integration's`,
      versions.at(-1)?.value !== undefined && versions.at(-1)?.value === wanted ? 1 : 0,
      1,
    );
    if (one.remade !== true) exactly(`versions of ${name}`, versions.length, 1);
  }

  const file = `${target}/otterize.yaml`;
  const commits = objects.commits.filter((commit) => commit.files.includes(file));
  exactly('commits of the values', commits.length, 1);
  exactly('commits of the values alone', commits.filter((commit) => commit.files.length === 1).length, 1);
  exactly(
    'commits with our trailer',
    objects.commits.filter((commit) => commit.message.includes(`${one.requestId}/${target}`)).length,
    1,
  );
  exactly(
    'client ids in the values',
    clientIdIn(objects.files.get(file)) === integration?.clientId ? 1 : 0,
    1,
  );
  const owner = otterize.users[0]?.id;
  exactly(
    'members',
    tenant.organisations.flatMap((item) => item.members).filter((m) => m.userId === owner).length,
    1,
  );

  const entries = objects.entries.filter((entry) => entry.requestId === one.requestId);
  const count = (type: string, part: string): number =>
    entries.filter((entry) => entry.type === type && entry.body.includes(part)).length;
  for (const object of EFFECTS)
    exactly(`ledger: ${object} completed`, count('effect.completed', `"${effectKey(target, object)}"`), 1);
  // a check is an observation: repeated after a crash it may be written down twice
  for (const check of CHECKS) {
    const passed = count('check.passed', `"${effectKey(target, check)}"`) > 0;
    exactly(`ledger: ${check} passed`, passed ? 1 : 0, 1);
  }
  exactly('ledger: ends of the target', count('target.ended', '"outcome":"done"'), 1);
  exactly('ledger: ends of the request', count('request.ended', '"outcome":"done"'), 1);
  exactly(
    'notices of the end',
    new Set(objects.mails.filter((id) => id.startsWith(`<${one.requestId}-request-ended@`))).size,
    1,
  );
  exactly(
    'webhooks of the end',
    objects.deliveries.filter((delivery) => delivery.id === `${one.requestId}-request-ended`).length,
    1,
  );
  return findings;
}

/** What belongs to no finished target. */
function orphans(objects: Objects, finished: readonly Finished[]): readonly Finding[] {
  const { otterize } = objects;
  const names = new Set(finished.map(({ cluster }) => `${cluster.name}-${cluster.stage}`));
  const requests = finished.map(({ requestId }) => requestId);
  const files = new Set(finished.map(({ cluster }) => `${keyOf(cluster)}/otterize.yaml`));
  const known = new Set(otterize.organizations.filter(({ name }) => names.has(name)).map(({ id }) => id));
  const vaults = new Set(finished.map(({ cluster }) => vaultOf(cluster)));
  const integrations = new Set(otterize.integrations.map((item) => item.clusterId));
  const found = [
    ...otterize.organizations.filter(({ id }) => !known.has(id)).map(({ name }) => `organisation ${name}`),
    ...[...otterize.environments, ...otterize.integrations, ...otterize.clusters]
      .filter(({ organizationId }) => !known.has(organizationId))
      .map(({ name }) => `object ${name} of no organisation`),
    ...otterize.clusters
      .filter(({ id }) => !integrations.has(id))
      .map(({ name }) => `cluster ${name} of no integration`),
    ...otterize.invites
      .filter(({ organizationId }) => !known.has(organizationId))
      .map(({ email }) => `invite of ${email}`),
    ...objects.vaults
      .filter(({ name }) => !vaults.has(name))
      .flatMap(({ name, secrets }) => secrets.map((secret) => `secret ${secret.name} in ${name}`)),
    ...objects.vaults.flatMap(({ name, secrets }) =>
      secrets
        .filter((secret) => !isOurName(secret.name) || secret.deleted !== undefined)
        .map((secret) => `secret ${secret.name} in ${name}`),
    ),
    ...objects.commits
      .filter((commit) => commit.files.some((file) => !files.has(file)))
      .map(({ id }) => `commit ${id}`),
    ...objects.branches.filter((ref) => ref !== 'refs/heads/main').map((ref) => `branch ${ref}`),
    ...objects.deliveries
      .filter(({ id }) => !requests.some((request) => id.startsWith(request)))
      .map(({ id }) => `webhook ${id}`),
    ...objects.mails
      .filter((id) => !requests.some((request) => id.startsWith(`<${request}`)))
      .map((id) => `mail ${id}`),
    ...objects.kubernetesCreated.map((object) => `${object} in a cluster`),
  ];
  return found.map((what) => ({ kind: 'orphan', target: 'all', what }));
}

/** Notices that came again under the id of before, as their receivers are told to expect. */
export function repeatedNotices(objects: Objects): number {
  const mails = objects.mails.length - new Set(objects.mails).size;
  return mails + objects.deliveries.reduce((sum, delivery) => sum + delivery.times - 1, 0);
}

function tenantOf({ otterize }: Objects, cluster: CrashCluster) {
  const organisations = otterize.organizations.filter(
    ({ name }) => name === `${cluster.name}-${cluster.stage}`,
  );
  const ids = new Set(organisations.map(({ id }) => id));
  const of = <T extends { readonly organizationId: string }>(list: readonly T[]): readonly T[] =>
    list.filter(({ organizationId }) => ids.has(organizationId));
  return {
    organisations,
    environments: of(otterize.environments),
    integrations: of(otterize.integrations),
    clusters: of(otterize.clusters),
    invites: of(otterize.invites),
  };
}

function isOurName(name: string): boolean {
  return name === SECRET_NAMES.clientId || name === SECRET_NAMES.clientSecret;
}

function keyOf({ name, stage }: CrashCluster): string {
  return `${name}/${stage}`;
}

function vaultOf({ name, stage }: CrashCluster): string {
  return `kv-${name}-${stage}`;
}

function clientIdIn(text: string | undefined): unknown {
  let value: unknown = text === undefined ? undefined : parse(text);
  for (const key of ['global', 'otterizeCloud', 'credentials', 'clientId']) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return value;
}
