/** Faults of promotion paths that only the installation shows: what it does not know, and paths in each other's way. */
import type { Installation } from '../config/installation.js';
import type { InventoryManifest } from '../domain/manifest.js';
import { OWNERS, type PathEnvironment, type PathManifest, type Place } from '../domain/promotion/path.js';
import type { ManifestFault, PathStep } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';

type Systems = Installation['systems'];
type Fault = (path: readonly PathStep[], message: string) => void;

/**
 * @param systems those of the installation; left out, only the inventory is asked
 * @returns one fault for each name that nobody knows, for systems that are not configured, and for two paths of one
 *   application or of one directory; empty when the paths can work
 */
export function pathFaults(
  paths: readonly Located<PathManifest>[],
  inventory: InventoryManifest,
  systems?: Systems,
): readonly ManifestFault[] {
  const faults: ManifestFault[] = [];
  for (const [index, { manifest, document }] of paths.entries()) {
    const make = faultMaker(document);
    const fault: Fault = (path, message) => faults.push(make(path, message));
    const { owners, environments } = manifest.spec;
    const groups = Object.keys(inventory.spec.groups);
    if (!groups.includes(owners)) {
      fault(['spec', 'owners'], `"${owners}" is not in the inventory's groups: ${suggest(owners, groups)}`);
    } else if (owners === OWNERS) {
      fault(['spec', 'owners'], `"${OWNERS}" stands for this group in policies: give the group another name`);
    }
    for (const [position, environment] of environments.entries()) {
      const path = ['spec', 'environments', position];
      environmentFaults(environment, path, document.has([...path, 'places']), inventory, fault);
      if (systems !== undefined) systemFaults(environment, path, systems, fault);
    }
    if (systems !== undefined) registryFaults(manifest, systems, fault);
    rivalFaults(
      manifest,
      paths.slice(0, index).map((other) => other.manifest),
      fault,
    );
  }
  return faults;
}

function environmentFaults(
  { places, checks }: PathEnvironment,
  path: readonly PathStep[],
  listsPlaces: boolean,
  { spec }: InventoryManifest,
  fault: Fault,
): void {
  const kubernetes = [...new Set(spec.clusters.map((cluster) => cluster.kubernetes))];
  const connections = [...new Set([...kubernetes, ...spec.clusters.map((cluster) => cluster.argocd)])];
  const known = (at: readonly PathStep[], name: string, names: readonly string[]): void => {
    if (names.includes(name)) return;
    fault(at, `"${name}" is not a connection of the inventory: ${suggest(name, names)}`);
  };
  for (const [index, place] of places.entries()) {
    const at = listsPlaces ? [...path, 'places', index] : path;
    projectFaults(place, at, spec.projects, fault);
    for (const [position, { cluster, connection }] of place.deliveries.entries()) {
      known([...at, 'deliveries', position, 'cluster'], cluster, kubernetes);
      if (connection !== cluster) {
        known([...at, 'deliveries', position, 'connection'], connection, connections);
      }
    }
  }
  for (const [index, check] of checks.entries()) {
    if (check.kind === 'job') known([...path, 'checks', index, 'connection'], check.connection, connections);
  }
}

function projectFaults(
  { project, branch }: Place,
  path: readonly PathStep[],
  projects: InventoryManifest['spec']['projects'],
  fault: Fault,
): void {
  const entry = projects.find((candidate) => candidate.path === project);
  if (entry === undefined) {
    const known = projects.map((candidate) => candidate.path);
    fault(
      [...path, 'project'],
      `"${project}" is not in the inventory's projects: ${suggest(project, known)}`,
    );
  } else if (entry.branch !== branch) {
    fault(
      [...path, 'branch'],
      `"${branch}" is not the branch that may be written: it is "${entry.branch}" in the inventory`,
    );
  }
}

/** A check, scan or change record that no system can do would hold up every promotion. */
function systemFaults(
  { places, scan, changeRecord, checks }: PathEnvironment,
  path: readonly PathStep[],
  { kubernetes, harbor, servicenow, checks: asked }: Systems,
  fault: Fault,
): void {
  const configured = kubernetes.connections.map(({ name }) => name);
  const used = [
    ...places.flatMap(({ deliveries }) =>
      deliveries.flatMap(({ cluster, connection }) => [cluster, connection]),
    ),
    ...checks.flatMap((check) => (check.kind === 'job' ? [check.connection] : [])),
  ];
  for (const name of new Set(used)) {
    if (configured.includes(name)) continue;
    fault(path, `the connection "${name}" is not configured: add it to systems.kubernetes.connections`);
  }
  if (scan !== undefined && harbor === undefined) {
    fault([...path, 'scan'], 'no scan reports can be read: configure systems.harbor');
  }
  if (changeRecord && servicenow === undefined) {
    fault([...path, 'changeRecord'], 'no change record can be opened: configure systems.servicenow');
  }
  for (const [index, check] of checks.entries()) {
    const at = [...path, 'checks', index];
    if (check.kind === 'metric' && asked?.prometheus === undefined) {
      fault(at, 'no metrics can be asked: configure systems.checks.prometheus');
    }
    if (check.kind !== 'http') continue;
    const origins = (asked?.hosts ?? []).map((host) => new URL(host).origin);
    const { origin } = new URL(check.url);
    if (origins.includes(origin)) continue;
    fault([...at, 'url'], `${origin} is not in systems.checks.hosts: ${suggest(origin, origins)}`);
  }
}

/** What is released is looked up in its registry: that it exists, and under which digest. */
function registryFaults({ spec }: PathManifest, { registry }: Systems, fault: Fault): void {
  const hosts = (registry?.hosts ?? []).map(({ host }) => host);
  const known = (path: readonly PathStep[], host: string): void => {
    if (!hosts.includes(host))
      fault(path, `${host} is not in systems.registry.hosts: ${suggest(host, hosts)}`);
  };
  for (const [index, image] of spec.images.entries()) {
    known(['spec', 'images', index], image.split('/')[0] ?? image);
  }
  for (const [index, { repository }] of spec.charts.entries()) {
    // URL knows no host of oci addresses
    const { host } = new URL(repository.replace(/^oci:/, 'https:'));
    known(['spec', 'charts', index, 'repository'], host);
  }
}

/** Several applications may have values in one directory, but a directory that is copied belongs to one. */
function rivalFaults(manifest: PathManifest, before: readonly PathManifest[], fault: Fault): void {
  const { name } = manifest.metadata;
  if (before.some((other) => other.metadata.name === name)) {
    fault(['metadata', 'name'], `the application "${name}" has a path already: keep one`);
  }
  for (const [position, environment] of manifest.spec.environments.entries()) {
    for (const place of environment.places) {
      const rival = before.find(({ spec }) =>
        spec.environments.some(({ places }) => places.some((other) => areRivals(place, other))),
      );
      if (rival === undefined) continue;
      fault(
        ['spec', 'environments', position],
        `${place.project} ${place.directory} is copied as a whole, and "${rival.metadata.name}" has a place there too`,
      );
    }
  }
}

function areRivals(one: Place, other: Place): boolean {
  return (
    one.project === other.project &&
    one.branch === other.branch &&
    one.directory === other.directory &&
    (one.change.kind === 'copy' || other.change.kind === 'copy')
  );
}
