/** A directory of a repository as what the cluster would get. */
import { directoryOf, type FileSet, filesWithin, isWithin } from '../../domain/file-set.js';
import { kustomizationsIn } from '../../systems/kustomize/kustomization-file.js';
import type { Kustomize } from '../../systems/kustomize/kustomize.js';
import { withoutIgnored } from './flux-ignored.js';
import { type ChartDirectoryOptions, renderChartDirectory } from './render-chart-directory.js';
import { parseRendered, RenderedError, type RenderedObject } from './rendered-objects.js';
import { refuseSourceOverrides } from './source-overrides.js';

export interface RenderOptions {
  /** unset: there is none, and a directory that needs it is refused */
  readonly kustomize?: Kustomize | undefined;
  /** whose rules count: they differ for plain directories and for files outside of a kustomization's directory */
  readonly reader: 'argocd' | 'flux';
  /** Argo CD only: `directory.recurse` of the Application; Flux always goes into subdirectories */
  readonly recurse?: boolean;
  /** Argo CD only: names of the Applications that read it, for `.argocd-source-<name>.yaml` */
  readonly applications?: readonly string[];
  /** Argo CD only: how a chart in the directory is rendered */
  readonly helm?: ChartDirectoryOptions;
  readonly signal?: AbortSignal | undefined;
}

export interface Rendering {
  readonly objects: readonly RenderedObject[];
  readonly by: 'kustomize' | 'helm' | 'plain files';
}

/**
 * Renders a directory as its reader does: by its kustomization if there is one, else as its manifests. A directory without
 * any manifest is refused: a wrong path must not look like an empty environment.
 * @throws SystemError of kustomize, RenderedError
 */
export async function renderDirectory(
  all: FileSet,
  directory: string,
  options: RenderOptions,
): Promise<Rendering> {
  const files = options.reader === 'flux' ? withoutIgnored(all) : all;
  const own = filesWithin(files, directory);
  if (own.size === 0) {
    throw new RenderedError(`${directory} has no files`, 'Correct the directory of the place.');
  }
  if (options.reader === 'argocd') {
    refuseSourceOverrides(own, directory, options.applications ?? []);
    // Argo CD takes a Chart.yaml before a kustomization (source: argo-cd, util/app/discovery)
    if (own.has(join(directory, 'Chart.yaml'))) {
      const objects = await renderChartDirectory(files, directory, options.helm, options.signal);
      return { objects: nonEmpty(objects, directory), by: 'helm' };
    }
  }
  if (kustomizationsIn(files, directory).length > 0) return byKustomize(files, directory, options);
  if (options.reader === 'flux') return byFlux(own, files, directory, options);
  const objects = manifestsIn(own, directory, options.recurse === true, 'argocd').flatMap((path) =>
    objectsIn(path, own.get(path) ?? '', 'argocd'),
  );
  return { objects: nonEmpty(objects, directory), by: 'plain files' };
}

async function byKustomize(files: FileSet, directory: string, options: RenderOptions): Promise<Rendering> {
  if (options.kustomize === undefined) {
    throw new RenderedError(
      `${directory} needs kustomize`,
      'Install kustomize 5 for the worker and name it in systems.kustomize.program of the installation.',
    );
  }
  const text = await options.kustomize.build(files, directory, {
    reach: options.reader === 'flux' ? 'repository' : 'directory',
    signal: options.signal,
  });
  return { objects: nonEmpty(parseRendered(text), directory), by: 'kustomize' };
}

/**
 * Flux makes a kustomization where there is none: of every manifest below, and of every directory below that has a
 * kustomization of its own (source: fluxcd/pkg kustomize, Generator). Plain manifests alone need no kustomize for that.
 */
async function byFlux(
  own: FileSet,
  files: FileSet,
  directory: string,
  options: RenderOptions,
): Promise<Rendering> {
  const kustomized = [...new Set([...own.keys()].map(directoryOf))]
    .filter((at) => kustomizationsIn(files, at).length > 0)
    .sort()
    .filter((at, _, all) => !all.some((other) => other !== at && isWithin(other, at)));
  const plain = new Map([...own].filter(([path]) => !kustomized.some((at) => isWithin(at, path))));
  const objects = manifestsIn(plain, directory, true, 'flux').flatMap((path) =>
    objectsIn(path, plain.get(path) ?? '', 'flux'),
  );
  for (const at of kustomized) objects.push(...(await byKustomize(files, at, options)).objects);
  return {
    objects: nonEmpty(objects, directory),
    by: kustomized.length > 0 ? 'kustomize' : 'plain files',
  };
}

/** Paths of the manifests, in order; Flux reads YAML alone. Jsonnet of Argo CD is refused: leaving it out would hide objects. */
function manifestsIn(
  own: FileSet,
  directory: string,
  recurse: boolean,
  reader: RenderOptions['reader'],
): readonly string[] {
  const paths = [...own.keys()].filter((path) => recurse || directoryOf(path) === directory);
  const jsonnet = reader === 'argocd' ? paths.find((path) => path.endsWith('.jsonnet')) : undefined;
  if (jsonnet !== undefined) {
    throw new RenderedError(`${jsonnet} is Jsonnet`, 'Commit the manifests that it makes.');
  }
  return paths.filter((path) => (reader === 'flux' ? /\.ya?ml$/ : /\.(?:ya?ml|json)$/).test(path)).sort();
}

/**
 * Argo CD passes over YAML that looks like something else (source: argo-cd 3.5, reposerver getObjsFromYAMLOrJson); Flux
 * does not.
 */
function objectsIn(path: string, text: string, reader: RenderOptions['reader']): readonly RenderedObject[] {
  try {
    return parseRendered(text);
  } catch (error) {
    if (!(error instanceof RenderedError)) throw error;
    const looksLikeOne = ['apiVersion:', 'kind:', 'metadata:'].every((word) => text.includes(word));
    if (reader === 'argocd' && !looksLikeOne && !path.endsWith('.json')) return [];
    throw new RenderedError(`${path}: ${error.message}`, error.remedy);
  }
}

function nonEmpty(objects: readonly RenderedObject[], directory: string): readonly RenderedObject[] {
  if (objects.length > 0) return objects;
  throw new RenderedError(`${directory} renders to nothing`, 'Correct the directory of the place.');
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
