/** A chart that stands in a directory, as Argo CD renders it: with its value files and the charts that it depends on. */
import { parse } from 'yaml';
import { SystemError } from '../../domain/failure.js';
import { type FileSet, filesWithin, resolvePath } from '../../domain/file-set.js';
import type { Helm } from '../../systems/helm/helm.js';
import type { ChartFetcher } from './chart-archives.js';
import { isClusterKind } from './checks/cluster-scope.js';
import { listAt, textAt } from './data.js';
import { parseRendered, RenderedError, type RenderedObject, withNamespace } from './rendered-objects.js';

export interface ChartDirectoryOptions {
  /** undefined: not configured, and such a directory is refused */
  readonly program: Pick<Helm, 'template'> | undefined;
  readonly releaseName: string;
  readonly namespace: string;
  /** relative to the directory; `../` may lead elsewhere in the repository. Later ones win */
  readonly valueFiles: readonly string[];
  /** undefined: no registry is configured */
  readonly dependency: ChartFetcher | undefined;
}

/** @throws RenderedError, SystemError */
export async function renderChartDirectory(
  files: FileSet,
  directory: string,
  options: ChartDirectoryOptions | undefined,
  signal?: AbortSignal,
): Promise<readonly RenderedObject[]> {
  if (options?.program === undefined) {
    throw new RenderedError(
      `${directory} is a Helm chart, and Helm is not configured`,
      'Install Helm for the worker and name it in systems.helm.program of the installation.',
    );
  }
  const own = filesWithin(files, directory);
  const values = new Map(options.valueFiles.map((name) => [name, valuesAt(files, directory, name)]));
  const dependencies = await dependenciesOf(own, directory, options);
  const { releaseName, namespace, program } = options;
  try {
    const text = await program.template(
      { chart: { files: own, directory, dependencies }, releaseName, namespace, values },
      signal,
    );
    return parseRendered(text).map((object) =>
      isClusterKind(object) ? object : withNamespace(object, namespace),
    );
  } catch (error) {
    if (!(error instanceof SystemError) || error.trouble.kind !== 'invalid') throw error;
    throw new RenderedError(
      `the chart in ${directory} does not render: ${error.trouble.message}`,
      error.trouble.remedy ?? 'Correct the values, or the chart.',
    );
  }
}

function valuesAt(files: FileSet, directory: string, name: string): string {
  const path = resolvePath(directory, name);
  const text = path === undefined ? undefined : files.get(path);
  if (text !== undefined) return text;
  throw new RenderedError(
    `${directory} has no value file ${name}`,
    'Correct helm.valueFiles of the place: Argo CD refuses a file that is missing.',
  );
}

/** Archives of the charts that it depends on and does not bring along. */
async function dependenciesOf(
  own: FileSet,
  directory: string,
  { dependency }: ChartDirectoryOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const at = directory === '' ? '' : `${directory}/`;
  const chart: unknown = parse(own.get(`${at}Chart.yaml`) ?? '', { maxAliasCount: 0, logLevel: 'silent' });
  const archives = new Map<string, Uint8Array>();
  for (const wanted of listAt(chart, 'dependencies')) {
    const [name = '', version = ''] = [textAt(wanted, 'name'), textAt(wanted, 'version')];
    if ([...own.keys()].some((path) => path.startsWith(`${at}charts/${name}/`))) continue;
    const found = dependency === undefined ? 'unknown' : await dependency(name, version);
    if (found === 'unknown' || found === null) {
      throw new RenderedError(
        found === null
          ? `${directory} depends on the chart ${name} ${version}, which is not in its repository`
          : `${directory} depends on the chart ${name}, which the path does not name`,
        found === null
          ? 'Publish it first, or name one version that is there: ranges are not chosen here.'
          : 'Add it, with its repository, to spec.charts of the path, and configure systems.registry.',
      );
    }
    archives.set(`${name}-${version}.tgz`, found.archive);
  }
  return archives;
}
