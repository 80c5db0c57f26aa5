/** Places of an environment in a `Path` file: settings of the environment count for all, what delivers them is filled in. */
import type { Change, Delivery, Edit, Place, WorkloadRef } from '../domain/promotion/path.js';
import { parseValuePath } from '../domain/promotion/value-path.js';
import type { PathStep } from './fault.js';
import type {
  ChangeFile,
  DeliveryFile,
  EditFile,
  EnvironmentFile,
  PathFile,
  PlaceFile,
} from './path-schema.js';

export interface Standing {
  readonly path: readonly PathStep[];
  readonly change: readonly PathStep[];
}

export interface PathContext {
  readonly spec: PathFile['spec'];
  /** where a place and its change stand in the file; both may be those of the environment */
  readonly standsAt: (place: Place) => Standing;
  readonly remember: (place: Place, standing: Standing) => void;
  readonly fault: (path: readonly PathStep[], message: string) => void;
}

const DEFAULTS = {
  branch: 'main',
  kustomization: 'kustomization.yaml',
  chartVersionAt: 'spec.chart.spec.version',
  namespace: { argocd: 'argocd', flux: 'flux-system' },
} as const;

/** The first environment is only read. */
const NO_CHANGE: Change = { kind: 'edit', edits: [] };

/** @returns the places of an environment; one of its name when it lists none */
export function placesOf(
  environment: EnvironmentFile,
  path: readonly PathStep[],
  context: PathContext,
): readonly Place[] {
  const { fault } = context;
  const { places } = environment;
  if (places === undefined) return placeOf(environment, environment, path, path, context);
  for (const field of ['directory', 'deliveries', 'recurse', 'config', 'helm'] as const) {
    if (environment[field] === undefined) continue;
    fault([...path, field], 'an environment with places has none of its own: give it in each place');
  }
  return places.flatMap((place, index) =>
    placeOf(place, environment, [...path, 'places', index], path, context),
  );
}

function placeOf(
  file: PlaceFile,
  environment: EnvironmentFile,
  path: readonly PathStep[],
  environmentPath: readonly PathStep[],
  context: PathContext,
): readonly Place[] {
  const { spec, fault } = context;
  const project = file.project ?? environment.project ?? spec.defaults?.project;
  const { directory, deliveries } = file;
  const isFirst = environment === spec.environments[0];
  const written = file.change ?? environment.change;
  const changePath = [...(file.change === undefined ? environmentPath : path), 'change'];
  if (isFirst && written !== undefined) {
    fault(changePath, 'the first environment is where releases come from: nothing changes it here');
  }
  const needed = { project, directory, deliveries, ...(isFirst ? {} : { change: written }) };
  for (const [name, value] of Object.entries(needed)) {
    if (value === undefined) fault(path, `"${name}" is missing`);
  }
  const change = isFirst || written === undefined ? NO_CHANGE : changeOf(written, changePath, context);
  if (project === undefined || directory === undefined || deliveries === undefined) return [];
  const place: Place = {
    name: file.name,
    project,
    branch: file.branch ?? environment.branch ?? spec.defaults?.branch ?? DEFAULTS.branch,
    // the root of the repository is the empty path to all who look for files
    directory: directory === '.' ? '' : directory,
    ...(file.recurse === true ? { recurse: true as const } : {}),
    ...(file.config === true ? { config: true as const } : {}),
    ...(file.helm === undefined ? {} : { helm: { ...file.helm, valueFiles: file.helm.valueFiles ?? [] } }),
    change,
    deliveries: deliveries.map(deliveryOf),
  };
  context.remember(place, { path, change: changePath });
  return [place];
}

function changeOf(file: ChangeFile, path: readonly PathStep[], { fault }: PathContext): Change {
  if (typeof file === 'string') return { kind: 'copy', keep: [] };
  const { copy, edits } = file;
  if ((copy === undefined) === (edits === undefined)) {
    fault(path, 'must be "copy", a block with "copy", or a block with "edits"');
  }
  if (copy !== undefined) return { kind: 'copy', keep: copy.keep };
  return {
    kind: 'edit',
    edits: (edits ?? []).flatMap((edit, index) =>
      editOf(edit, (message) => fault([...path, 'edits', index], message)),
    ),
  };
}

/** @returns none for one that has a fault */
function editOf(file: EditFile, fault: (message: string) => void): readonly Edit[] {
  switch (file.kind) {
    case 'manifest-image':
      return [file];
    case 'chart-version':
      return [{ ...file, at: file.at ?? DEFAULTS.chartVersionAt }];
    case 'value':
      return valueEditOf(file, fault);
    case 'kustomize-image': {
      const { kind, image, digest, tagPrefix } = file;
      if (digest !== undefined && tagPrefix !== undefined) fault('takes "digest" or "tagPrefix", not both');
      return [
        {
          kind,
          file: file.file ?? DEFAULTS.kustomization,
          image,
          by: tagPrefix === undefined ? { digest: true } : { tagPrefix },
        },
      ];
    }
  }
}

function valueEditOf(
  { file, at, take, image, chart, prefix }: Extract<EditFile, { kind: 'value' }>,
  fault: (message: string) => void,
): readonly Edit[] {
  if (parseValuePath(at) === undefined) {
    fault(
      '"at" must be keys joined by dots and entries of lists, such as spec.sources[chart=shop].targetRevision',
    );
  }
  const common = { kind: 'value', file, at, ...(prefix === undefined ? {} : { prefix }) } as const;
  if (take === 'version') {
    if (chart !== undefined && image === undefined) return [{ ...common, chart, take }];
    fault('"take: version" takes the version of a chart: name "chart", and no "image"');
    return [];
  }
  if (image === undefined || chart !== undefined) {
    fault(`"take: ${take}" takes a part of an image: name "image", and no "chart"`);
    return [];
  }
  if (prefix !== undefined && take !== 'tag' && take !== 'repository:tag') {
    fault('"prefix" is the beginning of a tag: a digest has none');
  }
  return [{ ...common, image, take }];
}

function deliveryOf(file: DeliveryFile): Delivery {
  const workloads = (file.workloads ?? []).map(
    ({ kind, namespace, name }): WorkloadRef => ({ kind: kind ?? 'Deployment', namespace, name }),
  );
  const where = {
    cluster: file.cluster,
    workloads,
    connection: file.connection ?? file.cluster,
    namespace: file.namespace ?? DEFAULTS.namespace[file.kind],
  };
  return file.kind === 'argocd'
    ? { kind: file.kind, name: file.name ?? file.application, ...where, application: file.application }
    : {
        kind: file.kind,
        name: file.name ?? file.kustomization,
        ...where,
        kustomization: file.kustomization,
        helmReleases: file.helmReleases ?? [],
      };
}
