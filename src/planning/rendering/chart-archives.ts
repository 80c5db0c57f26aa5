/** Archives of the charts of a path, from where the path says they are. */
import type { RegistryClient } from '../../systems/registry/client.js';

type ChartRegistry = Pick<RegistryClient, 'pullChart' | 'pullClassicChart'>;

export interface ChartArchive {
  readonly archive: Buffer;
  readonly digest: string;
}

/** Fetches a version of a chart by its name; null where there is none, `unknown` when the path does not name the chart. */
export type ChartFetcher = (name: string, version: string) => Promise<ChartArchive | null | 'unknown'>;

/** @param charts of the path; no others are fetched */
export function chartFetcher(
  registry: ChartRegistry,
  charts: readonly { readonly name: string; readonly repository: string }[],
  signal?: AbortSignal,
): ChartFetcher {
  return async (name, version) => {
    const known = charts.find((one) => one.name === name);
    if (known === undefined) return 'unknown';
    const { repository } = known;
    return repository.startsWith('oci://')
      ? await registry.pullChart(`${repository}/${name}`, version, signal)
      : await registry.pullClassicChart(repository, name, version, signal);
  };
}
