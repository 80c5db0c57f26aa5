/** Where a service may write values: the inventory says it, never the request; what a promotion path owns is nobody else's. */
import { isWithin } from './file-set.js';
import type { InventoryManifest, ValuesPlace } from './manifest.js';
import type { ClusterTarget } from './request.js';
import { fillTemplate } from './template.js';

/** A directory that another family writes. */
export interface OwnedDirectory {
  readonly project: string;
  /** path from the root of the project; the empty text is all of it */
  readonly directory: string;
  /** who writes it, for people, e.g. `the promotion path shop/prod` */
  readonly owner: string;
}

/** The directories that promotion paths write, of every environment. */
export function directoriesOfPaths(
  paths: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly environments: readonly {
        readonly name: string;
        readonly places: readonly { readonly project: string; readonly directory: string }[];
      }[];
    };
  }[],
): readonly OwnedDirectory[] {
  return paths.flatMap(({ metadata, spec }) =>
    spec.environments.flatMap(({ name, places }) =>
      places.map(({ project, directory }) => ({
        project,
        directory,
        owner: `the promotion path ${metadata.name}/${name}`,
      })),
    ),
  );
}

export interface ValuesRefusal {
  /** the field of the fleet file that is wrong */
  readonly field: 'project' | 'file' | 'key';
  readonly message: string;
}

/** What is asked for one cluster. */
export type AskedValues = Pick<ClusterTarget, 'cluster' | 'stage'> & {
  readonly values: Pick<ClusterTarget['values'], 'project' | 'file' | 'key'>;
};

/**
 * Why a service may not write these values; undefined when it may. Asked when a request comes and again before the effect:
 * an inventory that was narrowed meanwhile counts.
 */
export function refuseValuesPlace(
  service: string,
  asked: AskedValues,
  inventory: InventoryManifest,
  owned: readonly OwnedDirectory[],
): ValuesRefusal | undefined {
  const { project, file, key } = asked.values;
  const places = placesOf(service, asked, inventory);
  if (places.length === 0) {
    return {
      field: 'project',
      message: `the inventory names no place where ${service} may write values of ${asked.cluster}/${asked.stage}: an administrator adds one to spec.services`,
    };
  }
  const inProject = places.filter((place) => place.project === project);
  if (inProject.length === 0) return { field: 'project', message: notOne('project', project, places) };
  const inDirectory = inProject.filter((place) => isWithin(place.directory, file));
  if (inDirectory.length === 0) {
    const known = inProject.map(({ directory }) => (directory === '' ? 'any directory' : directory));
    return {
      field: 'file',
      message: `"${file}" is not where ${service} may write values of ${asked.cluster}/${asked.stage}: the inventory says ${known.join(' or ')}`,
    };
  }
  if (!inDirectory.some((place) => place.key === key)) {
    return { field: 'key', message: notOne('key', key, inDirectory) };
  }
  const owner = owned.find((other) => other.project === project && isWithin(other.directory, file))?.owner;
  if (owner === undefined) return undefined;
  return { field: 'file', message: `${project}/${file} belongs to ${owner}: only a promotion changes it` };
}

function placesOf(
  service: string,
  { cluster, stage }: Pick<ClusterTarget, 'cluster' | 'stage'>,
  { spec }: InventoryManifest,
): readonly ValuesPlace[] {
  const places = Object.hasOwn(spec.services, service) ? (spec.services[service] ?? []) : [];
  return places
    .filter(({ clusters }) => clusters?.includes(`${cluster}/${stage}`) !== false)
    .map((place) => ({ ...place, directory: fillTemplate(place.directory, { cluster, stage, service }) }));
}

function notOne(field: 'project' | 'key', asked: string, places: readonly ValuesPlace[]): string {
  const known = [...new Set(places.map((place) => place[field]))].join(' or ');
  return `"${asked}" is not a ${field} that the inventory gives this service: it says ${known}`;
}
