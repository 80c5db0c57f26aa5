/** The `Inventory` file: the targets Gatehouse may touch and where their files, stores and groups are. */
import type { InventoryManifest, SecretStoreEntry } from '../domain/manifest.js';
import { fillTemplate, TemplateError } from '../domain/template.js';
import type { ManifestFault, PathStep } from './fault.js';
import { isLoopback } from './loopback.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';
import type { PositionedDocument } from './parse.js';
import { type InventoryFile, InventorySchema } from './schema.js';
import { type Validated, validateDocument } from './validate.js';

/** Names that the Helm chart and the Argo CD installation use when nobody says otherwise. */
const DEFAULTS = {
  argocdNamespace: 'argocd',
  namespace: 'otterize-system',
  externalSecret: 'otterize-cloud',
  branch: 'main',
} as const;

type Fault = (path: readonly PathStep[], message: string) => void;

/** @returns the inventory with defaults filled in, or every fault of the document */
export function readInventory(document: PositionedDocument): Validated<Located<InventoryManifest>> {
  const validated = validateDocument(document, InventorySchema);
  if (!validated.ok) return validated;
  const file = validated.value;
  const make = faultMaker(document);
  const faults: ManifestFault[] = [];
  const fault: Fault = (path, message) => faults.push(make(path, message));
  duplicateFaults(file, fault);
  roleFaults(file, fault);
  serviceFaults(file, fault);
  const secretStores = file.spec.secretStores.map((store, index) => storeOf(store, index, fault));
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      document,
      manifest: {
        apiVersion: file.apiVersion,
        kind: file.kind,
        metadata: file.metadata,
        spec: {
          clusters: file.spec.clusters.map((cluster) => ({
            ...cluster,
            argocdNamespace: cluster.argocdNamespace ?? DEFAULTS.argocdNamespace,
            namespace: cluster.namespace ?? DEFAULTS.namespace,
            externalSecret: cluster.externalSecret ?? DEFAULTS.externalSecret,
          })),
          secretStores,
          projects: file.spec.projects.map((project) => ({
            path: project.path,
            branch: project.branch ?? DEFAULTS.branch,
          })),
          services: file.spec.services ?? {},
          groups: file.spec.groups,
          roles: file.spec.roles,
        },
      },
    },
  };
}

function duplicateFaults(file: InventoryFile, fault: Fault): void {
  const once = (list: string, keys: readonly string[]): void => {
    const seen = new Set<string>();
    for (const [index, key] of keys.entries()) {
      if (seen.has(key)) fault(['spec', list, index], `"${key}" stands twice: keep one of them`);
      seen.add(key);
    }
  };
  once(
    'clusters',
    file.spec.clusters.map((cluster) => `${cluster.name}/${cluster.stage}`),
  );
  once(
    'secretStores',
    file.spec.secretStores.map((store) => store.name),
  );
  once(
    'projects',
    file.spec.projects.map((project) => project.path),
  );
}

function roleFaults(file: InventoryFile, fault: Fault): void {
  const known = Object.keys(file.spec.groups);
  for (const role of ['requesters', 'operators', 'auditors'] as const) {
    for (const [index, group] of file.spec.roles[role].entries()) {
      if (known.includes(group)) continue;
      fault(['spec', 'roles', role, index], `"${group}" is not in spec.groups: ${suggest(group, known)}`);
    }
  }
}

/** A place must be in a project that the inventory knows, and of clusters that it knows. */
function serviceFaults(file: InventoryFile, fault: Fault): void {
  const projects = new Set(file.spec.projects.map(({ path }) => path));
  const clusters = new Set(file.spec.clusters.map((cluster) => `${cluster.name}/${cluster.stage}`));
  for (const [service, places] of Object.entries(file.spec.services ?? {})) {
    for (const [index, place] of places.entries()) {
      const path: PathStep[] = ['spec', 'services', service, index];
      if (!projects.has(place.project)) {
        const message = `"${place.project}" is not in spec.projects: ${suggest(place.project, [...projects])}`;
        fault([...path, 'project'], message);
      }
      for (const [at, key] of (place.clusters ?? []).entries()) {
        if (clusters.has(key)) continue;
        fault([...path, 'clusters', at], `"${key}" is not in spec.clusters: ${suggest(key, [...clusters])}`);
      }
      try {
        fillTemplate(place.directory, { cluster: 'c', stage: 's', service });
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        fault([...path, 'directory'], error.message);
      }
    }
  }
}

function storeOf(
  store: InventoryFile['spec']['secretStores'][number],
  index: number,
  fault: Fault,
): SecretStoreEntry {
  const path: PathStep[] = ['spec', 'secretStores', index];
  const isVault = store.kind === 'vault';
  for (const field of ['mount', 'path'] as const) {
    if (isVault === (store[field] !== undefined)) continue;
    fault(
      isVault ? path : [...path, field],
      isVault
        ? `"${field}" is missing: a store of kind vault needs it`
        : 'only a store of kind vault has this',
    );
  }
  const sample = { cluster: 'c', stage: 's' };
  const check = (
    field: string,
    template: string | undefined,
    values: Readonly<Record<string, string>>,
  ): void => {
    if (template === undefined) return;
    try {
      fillTemplate(template, values);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      fault([...path, field], error.message);
    }
  };
  check('name', store.name, sample);
  for (const field of ['url', 'mount', 'path'] as const) check(field, store[field], { ...sample, name: 'n' });
  if (!store.url.startsWith('https://') && !isLoopback(store.url)) {
    fault([...path, 'url'], 'must be https: secrets travel there');
  }
  return store;
}
