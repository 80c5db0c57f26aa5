/** What the files of an environment take from elsewhere, so that it could change without a promotion. */
import { parseAllDocuments } from 'yaml';
import { directoryOf, type FileSet, filesWithin, isWithin } from '../../domain/file-set.js';
import { DEPTH_OF_KUBERNETES, tooDeepAt } from '../../manifests/depth.js';
import { kustomizationsIn } from '../../systems/kustomize/kustomization-file.js';
import { kustomizationTree } from '../../systems/kustomize/kustomization-tree.js';
import { fieldsAt, isFields, textAt } from './data.js';
import type { Finding } from './finding.js';

/**
 * Looks for shared bases, ranges of versions and robots that choose versions themselves.
 * @param files the repository, or at least the directory and what it names
 * @param level of the findings, as the path has it
 */
export function unpinnedBases(
  files: FileSet,
  directory: string,
  level: 'refuse' | 'warn' = 'warn',
): readonly Finding[] {
  const isKustomized = kustomizationsIn(files, directory).length > 0;
  const tree = isKustomized ? kustomizationTree(files, directory, 'repository') : undefined;
  const read =
    tree === undefined
      ? filesWithin(files, directory)
      : new Map(tree.files.map((path) => [path, files.get(path) ?? '']));
  const finding: Report = (object, message, remedy) => ({
    check: 'unpinned',
    object,
    message,
    remedy,
    level,
  });
  const remote = (tree?.faults ?? []).filter(({ code }) => code === 'remote' || code === 'helm');
  return [
    ...sharedDirectories(directory, [...read.keys()]).map((outside) =>
      finding(
        directory,
        `it is built from ${outside}, which other environments share: a change there reaches this one without a promotion`,
        `Copy ${outside} into ${directory}/base and name ./base, so that a promotion moves it; or keep a copy for each environment.`,
      ),
    ),
    ...remote.map(({ file, message }) =>
      finding(file, message, 'Copy it into the repository, so that the commit holds all that is rendered.'),
    ),
    ...[...read]
      .filter(([path]) => /\.ya?ml$/.test(path))
      .flatMap(([path, text]) => inFile(path, text, finding)),
  ];
}

type Report = (object: string, message: string, remedy: string) => Finding;

/** Directories outside of the environment's own from which files are read, the topmost of each. */
export function sharedDirectories(directory: string, paths: readonly string[]): readonly string[] {
  const outside = [
    ...new Set(paths.filter((path) => !isWithin(directory, path)).map((path) => directoryOf(path) || '.')),
  ].sort();
  return outside.filter((one) => !outside.some((other) => other !== one && isWithin(other, one)));
}

function inFile(path: string, text: string, finding: Report): readonly Finding[] {
  const markers = text
    .split('\n')
    .flatMap((line, index) =>
      /#\s*\{\s*"\$imagepolicy"/.test(line)
        ? [
            finding(
              `${path}:${index + 1}`,
              'an ImageUpdateAutomation may rewrite this line at any time',
              'Take the $imagepolicy marker out: promotions write this line.',
            ),
          ]
        : [],
    );
  return [...markers, ...objectsIn(text).flatMap((object) => versionFindings(path, object, finding))];
}

/** Documents as far as they can be read: what cannot is reported where it is rendered. */
function objectsIn(text: string): readonly unknown[] {
  if (tooDeepAt(text, DEPTH_OF_KUBERNETES) !== undefined) return [];
  try {
    return [...parseAllDocuments(text, { merge: true, logLevel: 'silent', uniqueKeys: false })]
      .filter(({ errors }) => errors.length === 0)
      .map((document): unknown => document.toJS({ maxAliasCount: 100 }));
  } catch {
    return [];
  }
}

const EXACT = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const PIN_CHART = 'Name one version, e.g. 1.4.2: a promotion sets it.';

function versionFindings(path: string, object: unknown, finding: Report): readonly Finding[] {
  if (!isFields(object)) return [];
  const kind = textAt(object, 'kind');
  const name = `${path} (${kind} ${textAt(object, 'metadata', 'name') ?? ''})`;
  const group = (textAt(object, 'apiVersion') ?? '').split('/')[0] ?? '';
  const chart = (version: unknown): readonly Finding[] =>
    typeof version === 'string' && EXACT.test(version.trim())
      ? []
      : [finding(name, `its chart version is ${shown(version)}, so a new one is taken by itself`, PIN_CHART)];
  if (group === 'helm.toolkit.fluxcd.io' && kind === 'HelmRelease') {
    const spec = fieldsAt(object, 'spec', 'chart', 'spec');
    // of a chart in Git or a bucket Flux reads no version: it stands in the commit, or is another source's matter
    const isFromFiles = ['GitRepository', 'Bucket'].includes(textAt(spec, 'sourceRef', 'kind') ?? '');
    return textAt(spec, 'chart') === undefined || isFromFiles ? [] : chart(spec.version);
  }
  if (group === 'source.toolkit.fluxcd.io' && kind === 'HelmChart') {
    return chart(fieldsAt(object, 'spec').version);
  }
  if (group === 'source.toolkit.fluxcd.io' && kind === 'OCIRepository') {
    const ref = fieldsAt(object, 'spec', 'ref');
    if (typeof ref.digest === 'string') return [];
    if (typeof ref.tag === 'string' && ref.semver === undefined && EXACT.test(ref.tag.replaceAll('_', '+')))
      return [];
    const what = ref.semver === undefined ? `tag ${shown(ref.tag)}` : `range ${shown(ref.semver)}`;
    return [finding(name, `its artifact is named by the ${what}`, 'Name it by digest, or by one version.')];
  }
  if (group === 'argoproj.io' && kind === 'Application') return argoSources(object).flatMap(chart);
  if (group === 'image.toolkit.fluxcd.io' && (kind === 'ImagePolicy' || kind === 'ImageUpdateAutomation')) {
    return [
      finding(
        name,
        'it chooses images by itself and writes them into files',
        'Keep it in the first environment; here promotions choose.',
      ),
    ];
  }
  return [];
}

/** Versions of the charts that an Application names. */
function argoSources(object: unknown): readonly unknown[] {
  const spec = fieldsAt(object, 'spec');
  const sources = Array.isArray(spec.sources) ? spec.sources : [spec.source];
  return sources
    .filter(isFields)
    .filter((source) => typeof source.chart === 'string')
    .map((source) => source.targetRevision);
}

function shown(version: unknown): string {
  return version === undefined || version === null ? 'not set' : JSON.stringify(version);
}
