/** Repositories and a registry in memory, for plans: what they answer, a layout or an accident says. */
import { createHash } from 'node:crypto';
import { packedChart } from '../../sandbox/harbor/artifact-content.js';
import type { TextChange } from '../../src/domain/file-set.js';
import type { PromotionContent } from '../../src/domain/promotion/request.js';
import type { RunningImage } from '../../src/domain/promotion/running.js';
import { parseImageReference } from '../../src/domain/registry-reference.js';
import { expandPromotion } from '../../src/manifests/expand-promotion.js';
import { isFleet, readManifests, readOneRequest } from '../../src/manifests/read.js';
import { findRelease } from '../../src/planning/promotion/found-release.js';
import {
  type PlannedPromotion,
  planPlace,
  planPromotion,
} from '../../src/planning/promotion/promotion-plan.js';
import type { PromotionSystems } from '../../src/planning/promotion/systems.js';
import type { DirectoryUser } from '../../src/systems/directory/types.js';
import type { Helm } from '../../src/systems/helm/helm.js';
import type { Kustomize } from '../../src/systems/kustomize/kustomize.js';

/** A digest that people can tell from others: 64 times the same digit. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface PlanWorld {
  /** files by branch; `main` unless the path says otherwise */
  readonly branches: Readonly<Record<string, Files>>;
  /** targets of symbolic links on `main` */
  readonly links?: Readonly<Record<string, string>>;
  /** digest by `repository:tag`; a digest counts as pushed when a tag has it, or it stands under any name */
  readonly tags: Readonly<Record<string, string>>;
  /** files of charts by `name version` */
  readonly charts?: Readonly<Record<string, Parameters<typeof packedChart>[2]>>;
  /** what the first environment's workloads run; unset: nothing is known */
  readonly running?: readonly RunningImage[];
  /** told of every folder that is listed, and of what is below with `recursive` */
  readonly onList?: (path: string, recursive: boolean) => void;
}

export interface Renderers {
  readonly kustomize: Kustomize;
  readonly helm?: Helm | undefined;
}

/** Plans a promotion to `prod` by the real parser, planner and renderers. */
export async function planIn(
  world: PlanWorld,
  pathText: string,
  renderers: Renderers,
  release = '',
): Promise<PlannedPromotion> {
  const facts = { checks: async () => [], effects: async () => [] };
  return await planPromotion(
    contentIn(pathText, release),
    systemsOf(world, renderers),
    facts,
    () => undefined,
  );
}

/** What is asked for: a promotion to `prod` by a path. */
export function contentIn(pathText: string, release = ''): PromotionContent {
  const [path] = readManifests([{ file: 'path.yaml', text: pathText }]).paths;
  if (path === undefined) throw new Error('no path');
  const asked = readOneRequest(
    'promotion.yaml',
    `apiVersion: gatehouse/v1\nkind: Promotion\nmetadata: {name: shop}\nspec: {to: prod${release}}\n`,
  );
  if (isFleet(asked)) throw new Error('not a promotion');
  return expandPromotion(asked, path.manifest, 'd'.repeat(64));
}

/** What would be merged in the only place of `prod`. */
export async function changesIn(
  world: PlanWorld,
  pathText: string,
  renderers: Renderers,
): Promise<readonly TextChange[]> {
  const content = contentIn(pathText);
  const systems = systemsOf(world, renderers);
  const [place] = content.targets;
  if (place === undefined) throw new Error('prod has no place');
  const { change } = await planPlace(content, place, await findRelease(content, systems), systems);
  return change.changes;
}

/** @returns the files after some changes */
export function merged(files: Files, changes: readonly TextChange[]): Files {
  const after: Record<string, string | Uint8Array> = { ...files };
  for (const change of changes) {
    if (change.after === null) delete after[change.path];
    else after[change.path] = change.after;
  }
  return after;
}

function headOf(branch: string): string {
  return createHash('sha1').update(branch).digest('hex');
}

export function systemsOf(world: PlanWorld, { kustomize, helm }: Renderers): PromotionSystems {
  const byHead = new Map(Object.entries(world.branches).map(([name, files]) => [headOf(name), files]));
  const contents = new Map<string, Uint8Array>();
  const blobOf = (content: string | Uint8Array): string => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const id = createHash('sha1').update(bytes).digest('hex');
    contents.set(id, bytes);
    return id;
  };
  return {
    gitlab: { isAncestor: async () => true },
    directory: {
      userByMail: async () => PERSON,
      userById: async () => PERSON,
    },
    kustomize,
    helm,
    repositories: {
      branchHeadOrNull: async (_, branch) => (branch in world.branches ? headOf(branch) : null),
      tree: async ({ ref, path = '', recursive = true }) => {
        world.onList?.(path, recursive);
        return [
          ...Object.entries(byHead.get(ref) ?? {}).map(([at, content]) => ({
            path: at,
            mode: '100644',
            blobId: blobOf(content),
          })),
          ...Object.entries(world.links ?? {}).map(([at, to]) => ({
            path: at,
            mode: '120000',
            blobId: blobOf(to),
          })),
        ].filter(({ path: at }) => isListed(at, path, recursive));
      },
      blobs: async ({ entries }) =>
        new Map(entries.map(({ path, blobId }) => [path, contents.get(blobId) ?? new Uint8Array()])),
      commitsOf: async () => [],
      pushers: async () => [],
      user: async () => {
        throw new Error('nobody pushed');
      },
    },
    registry: registryOf(world),
    runs: async () => ({ isProven: true, message: 'the controller runs the commit' }),
    ...(world.running === undefined ? {} : { running: async () => world.running ?? [] }),
  };
}

const PERSON: DirectoryUser = {
  id: 'u-ada',
  personId: 'p-ada',
  mail: 'ada@example.com',
  userPrincipalName: 'ada@example.com',
  displayName: 'Ada',
  guest: false,
  enabled: true,
};

function isListed(path: string, folder: string, recursive: boolean): boolean {
  if (folder !== '' && !path.startsWith(`${folder}/`)) return false;
  return recursive || !path.slice(folder === '' ? 0 : folder.length + 1).includes('/');
}

function registryOf({ tags, charts = {} }: PlanWorld): NonNullable<PromotionSystems['registry']> {
  const shown = (digest: string) => ({
    digest,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 1,
  });
  const chart = (name: string, version: string) => {
    const files = charts[`${name} ${version}`];
    return files === undefined
      ? null
      : { version, archive: packedChart(name, version, files), digest: digestOf('c') };
  };
  const last = (repository: string): string => repository.split('/').at(-1) ?? repository;
  return {
    resolve: async (reference) => {
      const read = parseImageReference(reference);
      if ('fault' in read) return null;
      if (read.digest !== undefined) {
        return Object.values(tags).includes(read.digest) ? shown(read.digest) : null;
      }
      const digest = tags[reference];
      return digest === undefined ? null : shown(digest);
    },
    platformDigests: async () => [],
    chartVersion: async (repository, version) => chart(last(repository), version),
    classicChartVersion: async (_, name, version) => chart(name, version),
    pullChart: async (repository, version) => chart(last(repository), version),
    pullClassicChart: async (_, name, version) => chart(name, version),
  };
}
