/** A release from the command line: `--image`, `--chart`, `--commit`; what is left out is what the environment before runs. */
import type { AskedRelease } from '../api/api-client.js';
import { CliError } from '../cli-error.js';

export interface ReleaseOptions {
  /** `repository@sha256:…`, or `name=tag` */
  readonly image: readonly string[];
  /** `name=version` */
  readonly chart: readonly string[];
  readonly commit?: string;
}

/**
 * @returns undefined when nothing of it is named
 * @throws CliError for what is no image or chart, or is named twice
 */
export function askedRelease({ image, chart, commit }: ReleaseOptions): AskedRelease | undefined {
  const images = named('--image', image, imageOf);
  const charts = named('--chart', chart, chartOf);
  if (image.length + chart.length === 0 && commit === undefined) return undefined;
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(image.length === 0 ? {} : { images }),
    ...(chart.length === 0 ? {} : { charts }),
  };
}

type Pair = readonly [name: string, version: string];

function named(
  option: '--image' | '--chart',
  texts: readonly string[],
  read: (text: string) => Pair | undefined,
): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const text of texts) {
    const pair = read(text);
    if (pair === undefined) {
      throw new CliError(
        `"${text}" is nothing for ${option}.`,
        option === '--image'
          ? 'Write registry.example.com/shop/web@sha256:…, or web=1.4.2 for a tag.'
          : 'Write name=version, e.g. shop=1.4.2.',
      );
    }
    const [name, version] = pair;
    if (found.has(name)) throw new CliError(`${option} names ${name} twice.`, 'Name it once.');
    found.set(name, version);
  }
  return Object.fromEntries(found);
}

function imageOf(text: string): Pair | undefined {
  const [, repository, digest] = /^([^@=\s]+)@(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  if (repository !== undefined && digest !== undefined) return [repository, digest];
  return chartOf(text);
}

function chartOf(text: string): Pair | undefined {
  const [, name, version] = /^([^@=\s]+)=([^=\s]+)$/.exec(text) ?? [];
  return name === undefined || version === undefined ? undefined : [name, version];
}
