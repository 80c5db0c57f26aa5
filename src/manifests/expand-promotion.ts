/** A promotion and the path of its application give the content of the request: all that is done stands in it. */
import type { EnvironmentRules, PathEnvironment, PathManifest } from '../domain/promotion/path.js';
import type { AskedRelease } from '../domain/promotion/release.js';
import type { Exception, PromotionContent } from '../domain/promotion/request.js';
import { ManifestError, type ManifestFault, type PathStep } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';
import type { PromotionManifest } from './promotion.js';

type Fault = (path: readonly PathStep[], message: string) => void;

/** Ways that may take a release from any earlier environment: there is no time for those in between. */
const SKIPPING: ReadonlySet<Exception | undefined> = new Set(['hotfix', 'break-glass']);

/**
 * Expands a promotion.
 * @param path that of the application
 * @param pathDigest SHA-256 of the path's canonical JSON
 * @throws ManifestError for an environment, image or chart that the path does not have, and for environments that would be
 *   skipped
 */
export function expandPromotion(
  { manifest, document }: Located<PromotionManifest>,
  path: PathManifest,
  pathDigest: string,
): PromotionContent {
  const make = faultMaker(document);
  const faults: ManifestFault[] = [];
  const fault: Fault = (steps, message) => faults.push(make(['spec', ...steps], message));
  const application = path.metadata.name;
  if (manifest.metadata.name !== application) {
    faults.push(make(['metadata', 'name'], `the path is that of "${application}"`));
  }
  const route = routeOf(manifest, path, fault);
  const asked = askedRelease(manifest, path, fault);
  if (route === undefined || faults.length > 0) throw new ManifestError(faults);
  const { from, to, isFirst } = route;
  const { exception } = manifest.spec;
  const { name, places, shadow: always, ...own } = to;
  const shadow = always === true || manifest.spec.shadow === true;
  // who only watches is in nobody's way: the newest is watched
  const rules: EnvironmentRules = shadow ? { ...own, whileOpen: 'latest-wins' } : own;
  return {
    application,
    environment: name,
    from: { name: from.name, places: from.places, isFirst },
    ...(exception === undefined ? {} : { exception }),
    ...(shadow ? { shadow } : {}),
    asked,
    path: { name: application, digest: pathDigest },
    owners: path.spec.owners,
    images: path.spec.images,
    charts: path.spec.charts,
    rules,
    targets: places.map((place) => ({ ...place, key: `${application}/${name}/${place.name}` })),
  };
}

interface Route {
  readonly from: PathEnvironment;
  readonly to: PathEnvironment;
  /** releases come from there: nothing was promoted to it, at least not by Gatehouse */
  readonly isFirst: boolean;
}

function routeOf({ spec }: PromotionManifest, path: PathManifest, fault: Fault): Route | undefined {
  const { environments } = path.spec;
  const names = environments.map(({ name }) => name);
  const toIndex = names.indexOf(spec.to);
  const [to, before] = [environments[toIndex], environments[toIndex - 1]];
  if (to === undefined) {
    fault(['to'], `"${spec.to}" is not an environment of ${path.metadata.name}: ${suggest(spec.to, names)}`);
    return undefined;
  }
  if (before === undefined) {
    fault(['to'], `releases come from "${to.name}": nothing is promoted there. Promote to "${names[1]}"`);
    return undefined;
  }
  if (spec.from === undefined) return { from: before, to, isFirst: toIndex === 1 || before.shadow === true };
  const fromIndex = names.indexOf(spec.from);
  const from = environments[fromIndex];
  if (from === undefined) {
    fault(
      ['from'],
      `"${spec.from}" is not an environment of ${path.metadata.name}: ${suggest(spec.from, names)}`,
    );
    return undefined;
  }
  if (fromIndex >= toIndex) {
    fault(['from'], `"${from.name}" does not come before "${to.name}"`);
    return undefined;
  }
  if (from !== before && !SKIPPING.has(spec.exception)) {
    fault(
      ['from'],
      `environments can't be skipped: "${to.name}" takes what runs in "${before.name}". Only a hotfix or break-glass may take it from "${from.name}"`,
    );
    return undefined;
  }
  return { from, to, isFirst: fromIndex === 0 || from.shadow === true };
}

function askedRelease({ spec }: PromotionManifest, path: PathManifest, fault: Fault): AskedRelease {
  const { commit, images: written = {}, charts = {} } = spec.release ?? {};
  const images: Record<string, string> = {};
  for (const [name, version] of Object.entries(written)) {
    const found = path.spec.images.filter((image) => image === name || image.split('/').at(-1) === name);
    const [image, second] = found.includes(name) ? [name] : found;
    const at = ['release', 'images', name];
    if (image === undefined) {
      const known = path.spec.images.map((repository) => repository.split('/').at(-1) ?? repository);
      fault(at, `"${name}" is not an image of ${path.metadata.name}: ${suggest(name, known)}`);
    } else if (second !== undefined) {
      fault(at, `"${name}" is the last part of ${found.join(' and ')}: write the whole name`);
    } else if (Object.hasOwn(images, image)) {
      fault(at, `${image} is named twice`);
    } else {
      images[image] = version;
    }
  }
  const known = path.spec.charts.map(({ name }) => name);
  for (const name of Object.keys(charts)) {
    if (known.includes(name)) continue;
    fault(
      ['release', 'charts', name],
      `"${name}" is not a chart of ${path.metadata.name}: ${suggest(name, known)}`,
    );
  }
  return { ...(commit === undefined ? {} : { commit }), images, charts };
}
