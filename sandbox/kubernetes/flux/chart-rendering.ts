/** Renders the charts of the example world: placeholders that are filled in, nothing else of Helm's language. */
import { gunzipSync } from 'node:zlib';
import { parse, parseAllDocuments } from 'yaml';
import { isLoose, type Loose } from '../objects.js';
import { textAt, valueAt } from './status.js';

/** The archive is no chart, or asks for more than the stand-in can. */
export class ChartFault extends Error {
  override readonly name = 'ChartFault';
}

export interface RenderedChart {
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
  readonly objects: readonly Loose[];
}

export interface ReleaseContext {
  readonly name: string;
  readonly namespace: string;
  /** `spec.values` of the HelmRelease */
  readonly values: Loose;
}

const BLOCK = 512;
const PLACEHOLDER = /\{\{-?\s*([^}]*?)\s*-?\}\}/g;

/** Throws `ChartFault`. */
export function renderChart(archive: Buffer, release: ReleaseContext): RenderedChart {
  const files = filesIn(archive);
  const about: unknown = parse(textOf(files, /^[^/]+\/Chart\.yaml$/));
  const defaults: unknown = parse(textOf(files, /^[^/]+\/values\.yaml$/));
  const values = { ...(isLoose(defaults) ? defaults : {}), ...release.values };
  const chart = {
    name: textAt(about, 'name'),
    version: textAt(about, 'version'),
    appVersion: textAt(about, 'appVersion'),
  };
  const known: Loose = {
    Release: { Name: release.name, Namespace: release.namespace },
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Values: values,
  };
  const objects = [...files]
    .filter(([path]) => /^[^/]+\/templates\/[^/]+\.ya?ml$/.test(path))
    .flatMap(([, text]) =>
      parseAllDocuments(text.replace(PLACEHOLDER, (_, words: string) => filledIn(words, known))).map(
        (document): unknown => document.toJS(),
      ),
    )
    .filter(isLoose);
  return { ...chart, objects };
}

function filledIn(words: string, known: Loose): string {
  const path = /^\.([A-Za-z.]+)$/.exec(words)?.[1]?.split('.');
  const value = path === undefined ? undefined : valueAt(known, ...path);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw new ChartFault(`execution error: {{ ${words} }} is not a value`);
}

function textOf(files: ReadonlyMap<string, string>, path: RegExp): string {
  const found = [...files].find(([name]) => path.test(name));
  if (found === undefined) throw new ChartFault(`${path.source} file is missing`);
  return found[1];
}

/** Regular files of a packed tar archive. */
function filesIn(archive: Buffer): ReadonlyMap<string, string> {
  const tar = gunzipSync(archive);
  const files = new Map<string, string>();
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const end = tar.indexOf(0, at);
    const path = tar.subarray(at, Math.min(end, at + 100)).toString('utf8');
    const size = Number.parseInt(tar.subarray(at + 124, at + 135).toString('utf8'), 8);
    files.set(path, tar.subarray(at + BLOCK, at + BLOCK + size).toString('utf8'));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
