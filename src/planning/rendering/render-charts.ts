/** What charts make of the HelmReleases that a change touches, so that people see the objects and not only a version. */
import { stringify } from 'yaml';
import { SystemError } from '../../domain/failure.js';
import type { Helm } from '../../systems/helm/helm.js';
import type { RegistryClient } from '../../systems/registry/client.js';
import { type ChartFetcher, chartFetcher } from './chart-archives.js';
import {
  type ChartRelease,
  type ChartUse,
  chartReleases,
  chartUses,
  describeChartRelease,
  inputOf,
} from './chart-releases.js';
import { isClusterKind } from './checks/cluster-scope.js';
import type { Finding } from './finding.js';
import {
  objectTitle,
  parseRendered,
  RenderedError,
  type RenderedObject,
  withNamespace,
} from './rendered-objects.js';

export interface ChartRendering {
  /** what charts made before and make after; only of HelmReleases that change */
  readonly before: readonly RenderedObject[];
  readonly after: readonly RenderedObject[];
  /** manifests of the charts that are rendered after the change: the same charts have the same digests */
  readonly digests: readonly string[];
  readonly findings: readonly Finding[];
  /** whether all charts were rendered: what is not seen in the objects may stand in one of the others */
  readonly isWhole: boolean;
}

type ChartRegistry = Pick<RegistryClient, 'pullChart' | 'pullClassicChart'>;

export interface ChartOptions {
  /** unset: not configured, and the difference shows the HelmRelease alone */
  readonly helm?: Pick<Helm, 'template'> | undefined;
  readonly registry?: ChartRegistry | undefined;
  /** charts of the path; no others are fetched */
  readonly charts: readonly { readonly name: string; readonly repository: string }[];
  /** of a HelmRelease that names none */
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Renders the charts of the HelmReleases that differ between two renderings of a directory.
 * @throws SystemError of the registry when it can't answer now; RenderedError when the chart of the new release is not there
 *   or makes no manifests of these values
 */
export async function renderCharts(
  before: readonly RenderedObject[],
  after: readonly RenderedObject[],
  options: ChartOptions,
): Promise<ChartRendering> {
  const old = chartReleases(before, options.namespace);
  const releases = chartReleases(after, options.namespace);
  const known = new Set(old.map(inputOf));
  const wanted = new Set(releases.map(inputOf));
  const changed = releases.filter((release) => !known.has(inputOf(release)));
  const left = old.filter((release) => !wanted.has(inputOf(release)));
  const skipped = chartUses(after).filter((use) => use.skipped !== undefined);
  const told = skipped.map(skippedChart);
  if (changed.length === 0 && left.length === 0) {
    return { ...NOTHING, findings: told, isWhole: chartUses(after).length === 0 };
  }
  if (options.helm === undefined || options.registry === undefined) {
    return { ...NOTHING, findings: [...told, ...changed.map(withoutHelm)], isWhole: false };
  }
  const charts = new Charts(options.helm, options.registry, options);
  const were: RenderedObject[] = [];
  const are: RenderedObject[] = [];
  const digests: string[] = [];
  const findings: Finding[] = [...told];
  let isWhole = skipped.length === 0 && changed.length === releases.length;
  for (const release of left) {
    // what runs was rendered once: that its chart is gone must not stop what comes after it
    const rendered = await charts.render(release).catch(noneOf);
    if (rendered !== undefined && 'objects' in rendered) were.push(...rendered.objects);
  }
  for (const release of changed) {
    const rendered = await charts.render(release);
    if ('note' in rendered) {
      isWhole = false;
      findings.push(note(release, rendered.note));
      continue;
    }
    are.push(...rendered.objects);
    digests.push(rendered.digest);
    if (release.unknown.length > 0) {
      isWhole = false;
      findings.push(note(release, `it is rendered without ${release.unknown.join(', ')}`));
    }
  }
  return { before: were, after: are, digests: digests.sort(), findings, isWhole };
}

const NOTHING = { before: [], after: [], digests: [] } as const;

type Rendered =
  | { readonly objects: readonly RenderedObject[]; readonly digest: string }
  | { readonly note: string };

class Charts {
  readonly #helm: Pick<Helm, 'template'>;
  readonly #fetch: ChartFetcher;
  readonly #options: ChartOptions;

  constructor(helm: Pick<Helm, 'template'>, registry: ChartRegistry, options: ChartOptions) {
    this.#helm = helm;
    this.#fetch = chartFetcher(registry, options.charts, options.signal);
    this.#options = options;
  }

  async render(release: ChartRelease): Promise<Rendered> {
    const { charts, signal } = this.#options;
    const known = charts.find(({ name }) => name === release.chart);
    if (known === undefined) return { note: 'its chart is not one of the path' };
    const pulled = await this.#pull(known, release);
    if ('note' in pulled) return pulled;
    const text = await this.#template(release, pulled.archive, signal);
    // charts leave the namespace to Helm
    const objects = parseRendered(text).map((object) =>
      isClusterKind(object) ? object : withNamespace(object, release.namespace),
    );
    return { objects, digest: pulled.digest };
  }

  async #pull(
    { name, repository }: ChartOptions['charts'][number],
    release: ChartRelease,
  ): Promise<{ readonly archive: Buffer; readonly digest: string } | { readonly note: string }> {
    try {
      const pulled = await this.#fetch(name, release.version);
      if (pulled !== null && pulled !== 'unknown') return pulled;
    } catch (error) {
      // some registries send archives from another host, which is not asked
      if (!(error instanceof SystemError) || scopeIsProvider(error)) throw error;
      return { note: `its chart could not be fetched: ${error.trouble.message}` };
    }
    throw new RenderedError(
      `${describeChartRelease(release)}: the chart is not in ${repository}`,
      'Publish it first: a release of a missing chart fails.',
    );
  }

  async #template(release: ChartRelease, archive: Buffer, signal: AbortSignal | undefined): Promise<string> {
    const { releaseName, namespace, values } = release;
    const files = values.map((one, index) => [`${index}.yaml`, stringify(one)] as const);
    try {
      const input = { chart: { archive }, releaseName, namespace, values: new Map(files) };
      return await this.#helm.template(input, signal);
    } catch (error) {
      if (!(error instanceof SystemError) || error.trouble.kind !== 'invalid') throw error;
      throw new RenderedError(
        `${describeChartRelease(release)} does not render: ${error.trouble.message}`,
        error.trouble.remedy ?? 'Correct the values, or choose another version of the chart.',
      );
    }
  }
}

function scopeIsProvider({ trouble: { kind } }: SystemError): boolean {
  return kind === 'unavailable' || kind === 'throttled' || kind === 'unauthenticated';
}

function noneOf(error: unknown): undefined {
  if (error instanceof RenderedError) return undefined;
  throw error;
}

function withoutHelm(release: ChartRelease): Finding {
  return {
    ...note(release, 'what its chart makes is not shown: Helm or the registry is not configured'),
    remedy: 'Configure systems.helm and systems.registry of the installation to see it.',
  };
}

/** A chart that is not rendered is told: silence would look as if nothing came of it. */
function skippedChart({ object, chart, skipped = '' }: ChartUse): Finding {
  return {
    check: 'chart',
    object: `${objectTitle(object)} (chart ${chart ?? 'unknown'})`,
    message: `what its chart makes is not shown: ${skipped}`,
    remedy: 'Name one version of a chart in a registry to see it.',
    level: 'warn',
  };
}

function note(release: ChartRelease, message: string): Finding {
  return {
    check: 'chart',
    object: describeChartRelease(release),
    message,
    remedy: 'Look at the notes of the chart.',
    level: 'warn',
  };
}
