/** Faults of a `Path` that only the whole of it shows: names used twice, places in each other's way, unknown images. */
import type { Change, Edit, PathEnvironment, PathManifest, Place } from '../domain/promotion/path.js';
import type { PathStep } from './fault.js';
import { suggest } from './near-miss.js';
import { onceEach } from './once.js';
import type { PathContext } from './path-places.js';

type Fault = PathContext['fault'];

interface Placed {
  readonly environment: PathEnvironment;
  readonly place: Place;
  readonly path: readonly PathStep[];
  /** where its change stands */
  readonly change: readonly PathStep[];
  readonly name: string;
}

/** Places that write to the same files, deliveries of the same object, copies without a source. */
export function placeFaults(manifest: PathManifest, { standsAt, fault }: PathContext): void {
  const all = placedIn(manifest, standsAt);
  for (const { place, path } of all) {
    onceEach(
      place.deliveries.map(({ name }) => name),
      (index) => [...path, 'deliveries', index],
      fault,
    );
  }
  const pathOfPlace = (place: Place | undefined): readonly PathStep[] =>
    place === undefined ? ['spec', 'environments'] : standsAt(place).path;
  for (const { places } of manifest.spec.environments) {
    onceEach(
      places.map(({ name }) => name),
      (index) => [...pathOfPlace(places[index]), 'name'],
      fault,
    );
  }
  for (const [index, one] of all.entries()) {
    const other = all.slice(0, index).find(({ place }) => clashOf(one.place, place) !== undefined);
    if (other === undefined) continue;
    fault([...one.path, 'directory'], `${clashOf(one.place, other.place)} ${other.name}`);
  }
  deliveredTwice(all, fault);
  const { environments } = manifest.spec;
  for (const { environment, place, change } of all) {
    const before = environments[environments.indexOf(environment) - 1];
    if (before === undefined || place.change.kind !== 'copy' || copySource(place, before.places)) continue;
    fault(
      change,
      `"copy" can't tell which place of "${before.name}" to take: one of them must be named "${place.name}"`,
    );
  }
}

/** A place that is copied takes the place of its own name in the environment before, else the only one there. */
export function copySource(place: Pick<Place, 'name'>, before: readonly Place[]): Place | undefined {
  return before.find(({ name }) => name === place.name) ?? (before.length === 1 ? before[0] : undefined);
}

/** Images and charts: those that are changed belong to the application, and those of the application are changed. */
export function usageFaults(manifest: PathManifest, { standsAt, fault }: PathContext): void {
  const { images } = manifest.spec;
  const charts = manifest.spec.charts.map(({ name }) => name);
  const known = (name: string, list: readonly string[], what: string, path: readonly PathStep[]): void => {
    if (list.includes(name)) return;
    fault(path, `"${name}" is not one of spec.${what}: ${suggest(name, list)}`);
  };
  for (const { place, path, change } of placedIn(manifest, standsAt)) {
    for (const [index, edit] of editsOf(place.change).entries()) {
      const at = [...change, 'edits', index];
      if ('chart' in edit) known(edit.chart, charts, 'charts', [...at, 'chart']);
      else known(edit.image, images, 'images', [...at, 'image']);
    }
    onceEach(editsOf(place.change).map(scalarOf), (index) => [...change, 'edits', index], fault);
    for (const [index, delivery] of place.deliveries.entries()) {
      if (delivery.kind !== 'flux') continue;
      for (const [position, release] of delivery.helmReleases.entries()) {
        const at = [...path, 'deliveries', index, 'helmReleases', position, 'chart'];
        known(release.chart, charts, 'charts', at);
      }
    }
    if (images.length > 0 && place.deliveries.every(({ workloads }) => workloads.length === 0)) {
      fault(
        [...path, 'deliveries'],
        'no workload is named: nothing would prove that the images of the release run',
      );
    }
  }
  for (const [index, environment] of manifest.spec.environments.entries()) {
    if (index > 0) unchangedFaults(manifest, environment, ['spec', 'environments', index], fault);
  }
}

/** Where all is edited, an image or chart without an edit would be approved and never arrive. */
function unchangedFaults(
  { spec }: PathManifest,
  { places }: PathEnvironment,
  path: readonly PathStep[],
  fault: Fault,
): void {
  if (places.some(({ change }) => change.kind === 'copy')) return;
  const edits = places.flatMap(({ change }) => editsOf(change));
  if (edits.length === 0) return;
  const changed = new Set(edits.map((edit) => ('chart' in edit ? edit.chart : edit.image)));
  for (const name of [...spec.images, ...spec.charts.map((chart) => chart.name)]) {
    if (changed.has(name)) continue;
    fault(path, `no edit changes "${name}": what is released of it would never arrive here`);
  }
}

/** What an edit changes: two edits of the same would undo each other. */
function scalarOf(edit: Edit): string {
  switch (edit.kind) {
    case 'kustomize-image':
      return `${edit.image} in ${edit.file}`;
    case 'manifest-image':
      return edit.image;
    case 'chart-version':
    case 'value':
      return `${edit.at} in ${edit.file}`;
  }
}

function editsOf(change: Change): readonly Edit[] {
  return change.kind === 'edit' ? change.edits : [];
}

function placedIn(manifest: PathManifest, standsAt: PathContext['standsAt']): readonly Placed[] {
  return manifest.spec.environments.flatMap((environment) =>
    environment.places.map((place) => ({
      environment,
      place,
      ...standsAt(place),
      name: `${environment.name}/${place.name}`,
    })),
  );
}

/** Why two places can't both be written, if so. Edits of single values bear others in the same directory. */
function clashOf(one: Place, other: Place): string | undefined {
  if (one.project !== other.project || one.branch !== other.branch) return undefined;
  if (one.directory === other.directory) return 'is the same as that of';
  const isCopied = one.change.kind === 'copy' || other.change.kind === 'copy';
  const isNested = isWithin(one.directory, other.directory) || isWithin(other.directory, one.directory);
  return isCopied && isNested ? 'is copied together with that of' : undefined;
}

/** Whether a directory lies below another, e.g. `apps/shop` below `apps` and everything below the root. */
function isWithin(directory: string, other: string): boolean {
  return other === '' || directory.startsWith(`${other}/`);
}

function deliveredTwice(all: readonly Placed[], fault: Fault): void {
  const first = new Map<string, string>();
  for (const { place, path, name } of all) {
    for (const [index, delivery] of place.deliveries.entries()) {
      const object = delivery.kind === 'argocd' ? delivery.application : delivery.kustomization;
      const key = `${delivery.kind} ${delivery.connection} ${delivery.namespace}/${object}`;
      const other = first.get(key);
      if (other === undefined) first.set(key, `${name}/${delivery.name}`);
      else fault([...path, 'deliveries', index], `${key} is that of ${other}: one object delivers one place`);
    }
  }
}
