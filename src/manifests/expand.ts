/** A fleet and the inventory give the targets: every template filled in, every name looked up. */
import type { ClusterSpec, FleetManifest, InventoryManifest, SecretStoreEntry } from '../domain/manifest.js';
import type { ClusterTarget, FleetContent, PersonalRef, SecretStoreTarget } from '../domain/request.js';
import { fillTemplate, TemplateError } from '../domain/template.js';
import { type OwnedDirectory, refuseValuesPlace } from '../domain/values-places.js';
import { MAX_FAULTS, ManifestError, type ManifestFault, type PathStep } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';

type ClusterFault = (path: readonly PathStep[], message: string) => void;
type InventoryCluster = InventoryManifest['spec']['clusters'][number];

/** Names of Argo CD Applications are Kubernetes object names. */
const OBJECT_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

/** The e-mail addresses of a fleet, each once: what goes to the erasable table before `expandFleet`. */
export function peopleOf(fleet: FleetManifest): readonly string[] {
  return [...new Set(fleet.spec.clusters.flatMap((cluster) => cluster.invite.people))];
}

/**
 * Expands a fleet.
 * @param refOf gives the reference under which the ledger keeps a personal value (an e-mail)
 * @param owned directories that other families write
 * @throws ManifestError with every name that the inventory does not know and every clash between clusters
 */
export function expandFleet(
  { manifest, document }: Located<FleetManifest>,
  inventory: InventoryManifest,
  refOf: (value: string) => PersonalRef,
  owned: readonly OwnedDirectory[],
): FleetContent {
  const make = faultMaker(document);
  const faults: ManifestFault[] = [];
  const { service } = manifest.spec;
  if (!Object.hasOwn(inventory.spec.services, service)) {
    const known = Object.keys(inventory.spec.services);
    const message = `the inventory names no place where "${service}" may write: ${suggest(service, known)}`;
    throw new ManifestError([make(['spec', 'service'], message)]);
  }
  const targets = manifest.spec.clusters.flatMap((cluster, index) => {
    // near misses are looked for among thousands of names: after so many faults the rest tells nobody more
    if (faults.length >= MAX_FAULTS) return [];
    const fault: ClusterFault = (path, message) => {
      const own = ['spec', 'clusters', index, ...path];
      const shared = ['spec', 'defaults', ...path];
      const found = make(!document.has(own) && document.has(shared) ? shared : own, message);
      // what the defaults say wrong is told once, not once per cluster
      if (!faults.some((other) => other.path === found.path && other.message === found.message)) {
        faults.push(found);
      }
    };
    const target = expandCluster(manifest.spec.service, cluster, inventory, refOf, fault);
    if (target === undefined) return [];
    const refusal = refuseValuesPlace(manifest.spec.service, target, inventory, owned);
    if (refusal !== undefined) fault(['values', refusal.field], refusal.message);
    return [{ target, fault }];
  });
  clashFaults(targets);
  if (faults.length > 0) throw new ManifestError(faults);
  return {
    service: manifest.spec.service,
    fleet: manifest.metadata.name,
    maxInFlight: manifest.spec.rollout.maxInFlight,
    targets: targets.map(({ target }) => target),
  };
}

function expandCluster(
  service: string,
  cluster: ClusterSpec,
  inventory: InventoryManifest,
  refOf: (value: string) => PersonalRef,
  fault: ClusterFault,
): ClusterTarget | undefined {
  const names = { cluster: cluster.name, stage: cluster.stage, service };
  const fill = (template: string, ...path: PathStep[]): string | undefined => {
    try {
      return fillTemplate(template, names);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      fault(path, error.message);
      return undefined;
    }
  };
  const entry = findCluster(cluster, inventory, fault);
  const vault = fill(cluster.vault, 'vault');
  const secretStore = vault === undefined ? undefined : findStore(vault, cluster, inventory, fault);
  const file = fill(cluster.values.file, 'values', 'file');
  const application = fill(cluster.application, 'application');
  if (application !== undefined && !OBJECT_NAME.test(application)) {
    fault(['application'], `"${application}" is not the name of a Kubernetes object: lower case, at most 63`);
  }
  const { projects } = inventory.spec;
  const project = projects.find(({ path }) => path === cluster.values.project);
  if (project === undefined) {
    const known = projects.map(({ path }) => path);
    fault(
      ['values', 'project'],
      `"${cluster.values.project}" is not in the inventory's projects: ${suggest(cluster.values.project, known)}`,
    );
  }
  if (
    entry === undefined ||
    secretStore === undefined ||
    file === undefined ||
    application === undefined ||
    project === undefined
  ) {
    return undefined;
  }
  const organisation = `${cluster.name}-${cluster.stage}`;
  return {
    key: `${cluster.name}/${cluster.stage}`,
    cluster: cluster.name,
    stage: cluster.stage,
    organisation,
    environment: { name: organisation, labels: cluster.labels },
    integration: organisation,
    invite: {
      domain: cluster.invite.domain,
      people: cluster.invite.people.map(refOf),
      groups: cluster.invite.groups,
    },
    secretStore,
    values: {
      project: project.path,
      branch: project.branch,
      file,
      mode: cluster.values.mode,
      key: cluster.values.key,
    },
    application: { connection: entry.argocd, namespace: entry.argocdNamespace, name: application },
    externalSecret: {
      connection: entry.kubernetes,
      namespace: entry.namespace,
      name: entry.externalSecret,
    },
    adopt: cluster.adopt,
  };
}

function findCluster(
  cluster: ClusterSpec,
  inventory: InventoryManifest,
  fault: ClusterFault,
): InventoryCluster | undefined {
  const { clusters } = inventory.spec;
  const found = clusters.find(({ name, stage }) => name === cluster.name && stage === cluster.stage);
  if (found !== undefined) return found;
  const stages = clusters.filter(({ name }) => name === cluster.name).map(({ stage }) => stage);
  if (stages.length > 0) {
    fault(
      ['stage'],
      `cluster "${cluster.name}" has no stage "${cluster.stage}" in the inventory: ${suggest(cluster.stage, stages)}`,
    );
  } else {
    const known = [...new Set(clusters.map(({ name }) => name))];
    fault(['name'], `cluster "${cluster.name}" is not in the inventory: ${suggest(cluster.name, known)}`);
  }
  return undefined;
}

function findStore(
  vault: string,
  cluster: ClusterSpec,
  inventory: InventoryManifest,
  fault: ClusterFault,
): SecretStoreTarget | undefined {
  const names = { cluster: cluster.name, stage: cluster.stage };
  const stores = inventory.spec.secretStores.map((store) => ({
    store,
    name: fillTemplate(store.name, names),
  }));
  const found = stores.find(({ name }) => name === vault);
  if (found === undefined) {
    const known = stores.map(({ name }) => name);
    fault(['vault'], `secret store "${vault}" is not in the inventory: ${suggest(vault, known)}`);
    return undefined;
  }
  return secretStoreTarget(found.store, cluster);
}

/** A secret store of the inventory with its templates filled in for one cluster. */
export function secretStoreTarget(
  store: SecretStoreEntry,
  cluster: { readonly name: string; readonly stage: string },
): SecretStoreTarget {
  const names = { cluster: cluster.name, stage: cluster.stage };
  const name = fillTemplate(store.name, names);
  const all = { ...names, name };
  const { kind, url, mount, path } = store;
  return {
    kind,
    name,
    url: fillTemplate(url, all),
    ...(mount === undefined ? {} : { mount: fillTemplate(mount, all) }),
    ...(path === undefined ? {} : { path: fillTemplate(path, all) }),
  };
}

/** Two clusters that write the same secrets, file or Application would overwrite each other. */
function clashFaults(
  targets: readonly { readonly target: ClusterTarget; readonly fault: ClusterFault }[],
): void {
  const places: readonly { readonly path: PathStep[]; readonly of: (target: ClusterTarget) => string }[] = [
    {
      path: ['vault'],
      of: ({ secretStore }) =>
        [secretStore.url, secretStore.mount ?? '', secretStore.path ?? ''].join(' ').trim(),
    },
    { path: ['values', 'file'], of: ({ values }) => `${values.project} ${values.file}` },
    {
      path: ['application'],
      of: ({ application }) => `${application.connection} ${application.namespace} ${application.name}`,
    },
  ];
  for (const { path, of } of places) {
    const first = new Map<string, string>();
    for (const { target, fault } of targets) {
      const place = of(target);
      const other = first.get(place);
      if (other === undefined) first.set(place, target.key);
      else
        fault(
          path,
          `is the same as that of ${other} (${place}): use {cluster} and {stage} to tell them apart`,
        );
    }
  }
}
