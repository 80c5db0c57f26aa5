/** Helm as a renderer of charts that are already here: nothing is fetched, no plugin runs, no cluster is asked. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemError } from '../../domain/failure.js';
import { type FileSet, filesWithin } from '../../domain/file-set.js';
import { quote, troubleOf } from '../http/trouble.js';
import { ProgramError, type ProgramFault, runProgram } from '../program/bounded-program.js';
import { inPrivateFolder, LayoutError, layOut } from '../program/private-folder.js';
import { secretValuesIn } from './secret-values.js';

export interface HelmOptions {
  /** absolute path of Helm 3 or 4 */
  readonly program: string;
  /** milliseconds for one rendering; default 60,000 */
  readonly timeoutMs?: number;
  /** bytes of rendered text; default 4 MiB */
  readonly maxOutputBytes?: number;
}

/** A chart as an archive (`.tgz`), or as the directory of a repository with its `Chart.yaml`. */
export type Chart =
  | { readonly archive: Uint8Array }
  | {
      readonly files: FileSet;
      readonly directory: string;
      /** archives of charts that it depends on, by file name such as `cache-1.4.0.tgz` */
      readonly dependencies?: ReadonlyMap<string, Uint8Array>;
    };

export interface TemplateInput {
  readonly chart: Chart;
  readonly releaseName: string;
  readonly namespace: string;
  /** values files in order: later ones win */
  readonly values: FileSet;
  /** e.g. `1.37.1`, for charts that ask; unset: what Helm was built with */
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  /** whether the chart's CustomResourceDefinitions are rendered too, as Flux and Argo CD do; default true */
  readonly includeCrds?: boolean;
}

/** Large charts render in a few seconds. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** Helm's own limit for what an archive may unpack to is 100 MiB. */
const MAX_CHART_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 5_000;

/** Its heap stays near this: Go collects harder instead of growing. */
const MEMORY = '512MiB';

export class Helm {
  readonly #program: string;
  readonly #timeoutMs: number;
  readonly #maxOutputBytes: number;

  constructor(options: HelmOptions) {
    this.#program = options.program;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxOutputBytes = options.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  }

  /**
   * Renders a chart with its hooks. Charts that it depends on must be inside of it. The chart's schema of values is not
   * checked: it may name addresses, which Helm would fetch.
   * @returns YAML documents
   * @throws SystemError kind `invalid`, its `code` a `ProgramFault`, `bad-name`, `too-large` or `unreadable`; and the
   *   caller's own abort reason
   */
  async template(input: TemplateInput, signal?: AbortSignal): Promise<string> {
    refuseNames(input);
    const files = chartFiles(input.chart, input.releaseName);
    return inPrivateFolder('helm', async (folder) => {
      try {
        const values = await this.#layOutInput(folder, input, files);
        return await runProgram({
          program: this.#program,
          args: [...argumentsOf(input, folder), ...values.flatMap((path) => ['--values', path])],
          cwd: folder,
          env: environmentIn(folder),
          timeoutMs: this.#timeoutMs,
          maxOutputBytes: this.#maxOutputBytes,
          signal,
        });
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        if (error instanceof LayoutError)
          throw refusal(input, 'unreadable', error.message, 'Rename the file.');
        if (error instanceof ProgramError) throw troubleFrom(error, input, folder);
        throw error;
      }
    });
  }

  async #layOutInput(
    folder: string,
    input: TemplateInput,
    files: FileSet | undefined,
  ): Promise<readonly string[]> {
    if (files !== undefined) {
      await layOut(join(folder, 'chart'), files);
      if ('dependencies' in input.chart) await layOutCharts(folder, input.chart.dependencies ?? new Map());
    } else if ('archive' in input.chart) {
      await writeFile(join(folder, 'chart.tgz'), input.chart.archive, { flag: 'wx', mode: 0o600 });
    }
    // numbered, so that no name of a file can be taken for an address or an option
    const numbered = [...input.values.values()].map((text, n) => [`${n}.yaml`, text] as const);
    await layOut(join(folder, 'values'), new Map(numbered));
    return numbered.map(([name]) => join(folder, 'values', name));
  }
}

const ARCHIVE = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.tgz$/;

async function layOutCharts(folder: string, archives: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if (archives.size === 0) return;
  const charts = join(folder, 'chart', 'charts');
  await mkdir(charts, { recursive: true, mode: 0o700 });
  for (const [name, archive] of archives) {
    if (!ARCHIVE.test(name)) throw new LayoutError(name, 'not the name of an archive');
    await writeFile(join(charts, name), archive, { flag: 'wx', mode: 0o600 });
  }
}

function argumentsOf(input: TemplateInput, folder: string): readonly string[] {
  const chart = join(folder, 'archive' in input.chart ? 'chart.tgz' : 'chart');
  return [
    'template',
    input.releaseName,
    chart,
    '--namespace',
    input.namespace,
    '--skip-schema-validation',
    ...(input.includeCrds === false ? [] : ['--include-crds']),
    ...(input.kubeVersion === undefined ? [] : ['--kube-version', input.kubeVersion]),
    ...(input.apiVersions ?? []).flatMap((version) => ['--api-versions', version]),
  ];
}

/** Every place where Helm looks for something of its own lies in the private folder, and is empty. */
function environmentIn(folder: string): Readonly<Record<string, string>> {
  return {
    HOME: folder,
    TMPDIR: folder,
    KUBECONFIG: join(folder, 'no-kubeconfig'),
    HELM_CACHE_HOME: join(folder, 'helm', 'cache'),
    HELM_CONFIG_HOME: join(folder, 'helm', 'config'),
    HELM_DATA_HOME: join(folder, 'helm', 'data'),
    HELM_PLUGINS: join(folder, 'helm', 'no-plugins'),
    HELM_REGISTRY_CONFIG: join(folder, 'helm', 'registry.json'),
    HELM_REPOSITORY_CONFIG: join(folder, 'helm', 'repositories.yaml'),
    HELM_REPOSITORY_CACHE: join(folder, 'helm', 'repository'),
    GOMEMLIMIT: MEMORY,
  };
}

/** Source: Helm, chartutil.ValidateReleaseName; Kubernetes, DNS label. Also keeps names from being taken for options. */
const RELEASE_NAME = /^[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const VERSION = /^v?[0-9][A-Za-z0-9.+-]{0,40}$/;
const API_VERSION = /^[A-Za-z0-9][A-Za-z0-9./-]{0,200}$/;

function refuseNames(input: TemplateInput): void {
  const wrong =
    (RELEASE_NAME.test(input.releaseName) ? undefined : 'the name of the release') ??
    (NAMESPACE.test(input.namespace) ? undefined : 'the namespace') ??
    (input.kubeVersion === undefined || VERSION.test(input.kubeVersion)
      ? undefined
      : 'the version of Kubernetes') ??
    ((input.apiVersions ?? []).every((version) => API_VERSION.test(version)) ? undefined : 'an API version');
  if (wrong !== undefined) throw refusal(input, 'bad-name', `${wrong} is not one`, 'Correct it.');
}

/** Files of a chart directory, from that directory on; undefined for an archive. */
function chartFiles(chart: Chart, releaseName: string): FileSet | undefined {
  const subject = { releaseName };
  if ('archive' in chart) {
    if (chart.archive.byteLength > MAX_CHART_BYTES) throw tooLarge(subject);
    return undefined;
  }
  const prefix = chart.directory === '' ? 0 : chart.directory.length + 1;
  const files = new Map(
    [...filesWithin(chart.files, chart.directory)].map(([path, text]) => [path.slice(prefix), text]),
  );
  if (!files.has('Chart.yaml')) {
    const message = `${chart.directory === '' ? 'the root' : chart.directory} has no Chart.yaml`;
    throw refusal(subject, 'missing', message, 'Correct the path of the chart.');
  }
  let bytes = 0;
  for (const text of files.values()) bytes += Buffer.byteLength(text, 'utf8');
  if (files.size > MAX_FILES || bytes > MAX_CHART_BYTES) throw tooLarge(subject);
  return files;
}

function tooLarge(subject: Pick<TemplateInput, 'releaseName'>): SystemError {
  const message = `the chart is larger than ${MAX_CHART_BYTES / 1024 / 1024} MiB or ${MAX_FILES} files`;
  return refusal(subject, 'too-large', message, 'Take out of the chart what it does not need.');
}

function refusal(
  { releaseName }: Pick<TemplateInput, 'releaseName'>,
  code: string,
  message: string,
  remedy: string,
): SystemError {
  return new SystemError(
    troubleOf({ system: 'helm', operation: 'template', object: releaseName }, 'invalid', message, {
      code,
      remedy,
    }),
  );
}

const REMEDIES: Readonly<Record<ProgramFault, string>> = {
  missing:
    'Install Helm on the machine of the worker and name it, with its whole path, in systems.helm.program of the installation.',
  failed: 'Run helm template with this chart and these values, and correct what it says.',
  'too-slow': 'Run helm template with this chart by hand and look at what it loops over.',
  'too-much-output': 'Split the chart into several.',
  stopped: 'Nothing to do: it is run again. If it lasts, look at the memory of the machine.',
};

function troubleFrom(error: ProgramError, input: TemplateInput, folder: string): SystemError {
  const subject = { system: 'helm', operation: 'template', object: input.releaseName } as const;
  const line = error.words.split('\n').findLast((text) => text.startsWith('Error:')) ?? '';
  const withheld = [...input.values.values()].flatMap(secretValuesIn);
  const words = quote(line.replace(/^Error:\s*/, '').replaceAll(`${folder}/`, ''), withheld);
  const message = words === '' ? error.message : `${error.message}: ${words}`;
  return new SystemError(
    troubleOf(subject, error.fault === 'stopped' ? 'unavailable' : 'invalid', message, {
      code: error.fault,
      remedy: REMEDIES[error.fault],
    }),
  );
}
