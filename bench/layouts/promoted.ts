/** One layout from plan to taken back: planned, rendered, merged, proven by what the merged files render to, and reverted. */
import { contentOf } from '../../src/activities/delivery/wanted.js';
import { type Layout, NEW, OLD, pathOf, WEB } from './cases.js';
import { changesIn, contentIn, type Files, merged, type PlanWorld, planIn, type Renderers } from './world.js';

const TAGS = {
  [`${WEB}:dev-a1b2c3d`]: NEW,
  [`${WEB}:prd-a1b2c3d`]: NEW,
  [`${WEB}:prd-0000001`]: OLD,
  [`${WEB}:1.0.0`]: OLD,
  [`${WEB}:1.1.0`]: NEW,
};

/** @returns what is wrong, nothing when the layout can be promoted and taken back */
export async function faultsOf(layout: Layout, renderers: Renderers): Promise<readonly string[]> {
  const { branches, charts, holds, rendersPods, perBranch } = layout;
  const branch = perBranch === true ? 'env/prod' : 'main';
  const world: PlanWorld = { branches, tags: TAGS, ...(charts === undefined ? {} : { charts }) };
  const path = pathOf(layout);
  const plan = await planIn(world, path, renderers);
  const refused = plan.targets.flatMap(({ effects }) =>
    effects.filter(({ action }) => action === 'conflict').map(({ detail }) => `refused: ${detail}`),
  );
  const place = plan.promotion?.places[0];
  if (plan.promotion === undefined || place === undefined || refused.length > 0) {
    return refused.length > 0 ? refused : ['there is no plan'];
  }
  const faults: string[] = [];
  const before = branches[branch] ?? {};
  const changes = await changesIn(world, path, renderers);
  const after = merged(before, changes);
  const [wanted, had] = holds;
  if (!textOf(after).includes(wanted)) faults.push(`the merged files do not have ${wanted}`);
  if (!textOf(before).includes(had)) faults.push(`the files do not have ${had} before`);
  if (!place.diff.split('\n').some((line) => line.startsWith('+')))
    faults.push('the plan shows no difference');
  const shown = place.images.join(' ');
  if (rendersPods && !shown.includes(NEW) && !shown.includes('a1b2c3d')) {
    faults.push(`what is rendered runs ${shown}`);
  }
  const [target] = contentIn(path).targets;
  for (const delivery of target?.deliveries ?? []) {
    const {
      someImage,
      images,
      charts: versions,
    } = contentOf(plan.promotion, place, delivery, target?.change);
    if (!someImage && images.length === 0 && versions.size === 0) {
      faults.push('its delivery would be proven without the release');
    }
  }
  // what is merged is what was promoted: nothing is left to do
  const again = await changesIn({ ...world, branches: { ...branches, [branch]: after } }, path, renderers);
  if (again.length > 0) faults.push('a second plan would change it again');
  const back = merged(
    after,
    changes.map((one) => ({ ...one, before: one.after, after: one.before })),
  );
  if (textOf(back) !== textOf(before)) faults.push('what is taken back is not what was there');
  return faults;
}

function textOf(files: Files): string {
  return Object.entries(files)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, content]) => `${path}\n${String(content)}`)
    .join('\n');
}
