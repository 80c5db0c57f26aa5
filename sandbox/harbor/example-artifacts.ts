import { createHash } from 'node:crypto';
import { type ArtifactContent, chartContent, imageContent, indexContent } from './artifact-content.js';
import type { Scan } from './state.js';

/** What the registry of the example world holds; digests are the same in every world. */
export interface ExampleArtifact {
  /** with its project, e.g. `shop/web` */
  readonly repository: string;
  /** the version first; of images also `dev-<commit>` */
  readonly tags: readonly [string, ...string[]];
  readonly content: ArtifactContent;
  /** unset: never scanned */
  readonly scan?: Omit<Scan, 'repository' | 'digest'>;
}

export const EXAMPLE_PROJECTS = [
  { name: 'shop', public: false },
  { name: 'fleet', public: false },
  // charts are for everybody
  { name: 'charts', public: true },
] as const;

/** Versions of every image of the example world, oldest first. */
export const EXAMPLE_VERSIONS = ['1.0.0', '1.1.0', '1.2.0'] as const;
export type ExampleVersion = (typeof EXAMPLE_VERSIONS)[number];

const IMAGES = [
  { repository: 'shop/web', build: imageContent },
  // for two platforms: its tag is on an index, pods show another digest
  { repository: 'shop/api', build: indexContent },
  { repository: 'fleet/shop', build: imageContent },
  // a slash in the repository's own name
  { repository: 'fleet/shop/worker', build: imageContent },
] as const;
export type ExampleRepository = (typeof IMAGES)[number]['repository'];

/** Chart versions; the last one has build metadata, whose `+` is `_` in the tag. */
const CHARTS = [
  { name: 'shop', versions: ['1.4.1', '1.4.2', '1.5.0'] },
  { name: 'edge', versions: ['0.9.0', '0.10.0+build.7'] },
] as const;

const SCANNED_AT = '2026-01-15T06:00:00.000Z';
const NOTHING = { Critical: 0, High: 0, Medium: 0, Low: 0 };
const CLEAN = { status: 'Success', counts: NOTHING, fixable: 0, endTime: SCANNED_AT };

/** Scans that are not clean: everything that a check must not take for clean is there once. */
const SCANS: Readonly<Record<string, ExampleArtifact['scan']>> = {
  'shop/web 1.0.0': {
    ...CLEAN,
    counts: { ...NOTHING, Critical: 1, High: 3, Medium: 7 },
    fixable: 4,
  },
  'shop/web 1.1.0': { ...CLEAN, counts: { ...NOTHING, Medium: 2, Low: 5 }, fixable: 1 },
  'shop/api 1.0.0': { ...CLEAN, status: 'Error' },
  'shop/api 1.1.0': { ...CLEAN, status: 'Running' },
  'fleet/shop/worker 1.2.0': undefined,
};

/** Tag of a build of the example world, `dev-` and a commit. */
export function devTagOf(repository: ExampleRepository, version: ExampleVersion): string {
  return `dev-${createHash('sha256').update(`commit of ${repository} ${version}`).digest('hex').slice(0, 12)}`;
}

/** One image of the example world, e.g. to learn its digest. */
export function exampleImage(repository: ExampleRepository, version: ExampleVersion): ExampleArtifact {
  const build = IMAGES.find((image) => image.repository === repository)?.build ?? imageContent;
  const key = `${repository} ${version}`;
  const scan = key in SCANS ? SCANS[key] : CLEAN;
  return {
    repository,
    tags: [version, devTagOf(repository, version)],
    content: build(key),
    ...(scan === undefined ? {} : { scan }),
  };
}

/** Everything that is in the registry at the start. */
export function exampleArtifacts(): readonly ExampleArtifact[] {
  const images = IMAGES.flatMap(({ repository }) =>
    EXAMPLE_VERSIONS.map((version) => exampleImage(repository, version)),
  );
  const charts = CHARTS.flatMap(({ name, versions }) =>
    versions.map((version): ExampleArtifact => {
      const content = chartContent(name, version);
      return { repository: `charts/${name}`, tags: [version.replaceAll('+', '_')], content };
    }),
  );
  return [...images, ...charts];
}
