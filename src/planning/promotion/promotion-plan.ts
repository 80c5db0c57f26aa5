/** The plan of a promotion: what the release is, what every place will hold and render to, and what is in the way. Reads only. */
import type { SystemName } from '../../domain/failure.js';
import { type FileSet, isWithin } from '../../domain/file-set.js';
import { effectKey, type PlannedEffect, type TargetPlan } from '../../domain/plan.js';
import type { PlacePlan, PromotionPlan } from '../../domain/promotion/plan.js';
import { describeRelease, fingerprintText, type Release } from '../../domain/promotion/release.js';
import {
  environmentKey,
  type PlaceTarget,
  PROMOTION_OBJECT,
  PROVEN,
  type PromotionContent,
  TAKEN_BACK,
} from '../../domain/promotion/request.js';
import { previousPrefixes, TagRefused } from '../../domain/promotion/tags.js';
import { knownAgainst } from '../../domain/promotion/taken-back.js';
import { EditRefused } from '../edits/edit-result.js';
import { digestOfRendered } from '../rendering/digest.js';
import { describeFinding, type Finding } from '../rendering/finding.js';
import { imagesOf } from '../rendering/images.js';
import { checkRendered } from '../rendering/policy-checks.js';
import { renderCharts } from '../rendering/render-charts.js';
import { diffRendered, filesDiff, type RenderedDiff } from '../rendering/rendered-diff.js';
import { RenderedError } from '../rendering/rendered-objects.js';
import { riskOf } from '../rendering/risk.js';
import { unpinnedBases } from '../rendering/unpinned.js';
import { authorsOf } from './authors.js';
import { PlanConflict } from './conflict.js';
import { checkTags } from './environment-tags.js';
import { type FoundRelease, findRelease } from './found-release.js';
import { checkHeld } from './holds-release.js';
import { changeOf, type PlaceChange } from './place-change.js';
import { renderPlace } from './render-place.js';
import { hashOf, readPlace } from './repository-files.js';
import { checkRunningRelease } from './running-release.js';
import { checkScans } from './scans.js';
import type { PromotionFacts, PromotionSystems } from './systems.js';

/** A release that was verified when it was planned first: planning it anew does not ask again. */
export interface VerifiedBefore {
  readonly fingerprint: string;
}

export interface PlannedPromotion {
  readonly targets: readonly TargetPlan[];
  /** unset when something is in the way: then the targets say what */
  readonly promotion?: PromotionPlan;
}

/** One place as it was planned, with the texts that the plan itself does not keep. */
export interface PlannedPlace {
  readonly plan: PlacePlan;
  readonly change: PlaceChange;
  readonly diff: RenderedDiff;
  readonly findings: readonly Finding[];
}

/**
 * @param onProgress called after every look, e.g. to heartbeat
 * @throws SystemError when a system cannot answer: then there is no plan
 */
export async function planPromotion(
  content: PromotionContent,
  systems: PromotionSystems,
  facts: PromotionFacts,
  onProgress: () => void,
  signal?: AbortSignal,
  verifiedBefore?: VerifiedBefore,
): Promise<PlannedPromotion> {
  try {
    const found = await findRelease(content, systems, signal);
    onProgress();
    const places: PlannedPlace[] = [];
    for (const place of content.targets) {
      places.push(await planPlace(content, place, found, systems, signal));
      onProgress();
    }
    return await assemble(content, found, places, { systems, facts, onProgress, signal, verifiedBefore });
  } catch (error) {
    const conflict = conflictOf(error);
    if (conflict === undefined) throw error;
    return { targets: [inTheWay(content, conflict)] };
  }
}

/**
 * What the release makes of one place now.
 * @throws PlanConflict, EditRefused, RenderedError, SystemError
 */
export async function planPlace(
  content: PromotionContent,
  place: PlaceTarget,
  { release, source }: FoundRelease,
  systems: PromotionSystems,
  signal?: AbortSignal,
): Promise<PlannedPlace> {
  const { repositories } = systems;
  const base = await repositories.branchHeadOrNull(place.project, place.branch, signal);
  if (base === null) {
    throw new PlanConflict(
      'target',
      `${place.project} has no branch ${place.branch}`,
      'Create the branch, or correct the path',
    );
  }
  const before = await readPlace(repositories, place, base, undefined, signal);
  const sourcePlace = content.from.places.find(({ name }) => name === place.name) ?? source;
  const sourceFiles =
    place.change.kind === 'copy'
      ? await readPlace(repositories, sourcePlace, release.commit, place.change, signal)
      : new Map<string, string>();
  const change = changeOf({
    place,
    release,
    before,
    source: { files: sourceFiles, directory: sourcePlace.directory },
    prefixes: previousPrefixes(content.from),
  });
  await checkTags(change, systems, signal);
  const isNew = ![...before.keys()].some((path) => isWithin(place.directory, path));
  const draw = async (files: FileSet) =>
    (await renderPlace(files, place, systems, content.charts, signal)).objects;
  const old = isNew ? [] : await draw(before);
  const rendered = await draw(change.after);
  const charts = await renderCharts(old, rendered, {
    helm: systems.helm,
    registry: systems.registry,
    charts: content.charts,
    namespace: place.deliveries[0]?.namespace ?? 'default',
    signal,
  });
  const made = [...rendered, ...charts.after];
  const diff =
    place.config === true ? filesDiff(change.changes) : diffRendered([...old, ...charts.before], made);
  const { rules } = content;
  const findings = [
    ...checkRendered(
      made,
      diff,
      { clusterKinds: rules.clusterKinds, namespaces: rules.namespaces, undigestedImages: 'warn' },
      new Set(charts.after),
    ),
    ...charts.findings,
    ...checkHeld({ place, release, change, objects: made, isWhole: charts.isWhole && place.config !== true }),
    ...unpinnedBases(change.after, place.directory, rules.unpinned),
  ];
  return {
    change,
    diff,
    findings,
    plan: {
      place: place.key,
      base,
      files: change.changes.map(({ path, before: one, after: other }) => ({
        path,
        before: hashOf(one),
        after: hashOf(other),
      })),
      rendered: { before: digestOfRendered(old), after: digestOfRendered(rendered, charts.digests) },
      diff: diff.text,
      cut: diff.cut,
      images: [...new Set(imagesOf(made).map(({ image }) => image))].sort(),
    },
  };
}

/**
 * What a place that was planned before would be made of by now; a conflict when something has come into the way since. The
 * same content on a later head is what was approved, anything else is not.
 * @throws SystemError
 */
export async function planPlaceAgain(
  content: PromotionContent,
  place: PlaceTarget,
  release: Release,
  systems: PromotionSystems,
  signal?: AbortSignal,
): Promise<PlannedPlace | PlanConflict> {
  const [source] = content.from.places;
  if (source === undefined) throw new Error('the environment before has no place');
  try {
    return await planPlace(content, place, { release, source }, systems, signal);
  } catch (error) {
    const conflict = conflictOf(error);
    if (conflict === undefined) throw error;
    return conflict;
  }
}

/** True when two looks at a place would merge the same content and show the same rendering. */
export function isSamePlace(planned: PlacePlan, now: PlacePlan): boolean {
  return (
    planned.rendered.after === now.rendered.after &&
    planned.rendered.before === now.rendered.before &&
    planned.files.length === now.files.length &&
    planned.files.every(
      ({ path, before, after }, index) =>
        now.files[index]?.path === path &&
        now.files[index]?.before === before &&
        now.files[index]?.after === after,
    )
  );
}

interface Asking {
  readonly systems: PromotionSystems;
  readonly facts: PromotionFacts;
  readonly onProgress: () => void;
  readonly signal: AbortSignal | undefined;
  readonly verifiedBefore: VerifiedBefore | undefined;
}

async function assemble(
  content: PromotionContent,
  found: FoundRelease,
  places: readonly PlannedPlace[],
  asking: Asking,
): Promise<PlannedPromotion> {
  const { systems, facts, signal } = asking;
  const { release } = found;
  const fingerprint = hashOf(
    fingerprintText(
      release,
      places.flatMap(({ change }) => change.contents),
    ),
  );
  const isEmpty = places.every(({ change }) => change.changes.length === 0);
  const refused = places.flatMap(({ findings }) => findings.filter(({ level }) => level === 'refuse'));
  const [first] = refused;
  if (first !== undefined) {
    throw new PlanConflict('manifests', refused.slice(0, 20).map(describeFinding).join('\n'), first.remedy);
  }
  const proven = await facts.checks(effectKey(environmentKey(content), PROVEN));
  const verified = isEmpty
    ? await checkRunning(content, places, asking)
    : await checkVerified(content, found, fingerprint, asking);
  const scans = isEmpty ? [] : await checkScans(release.images, content.rules.scan, systems, signal);
  const since = proven[0]?.body.readBack.commit;
  const authors = isEmpty
    ? []
    : await authorsOf(
        {
          place: found.source,
          commit: release.commit,
          ours: await ourCommits(content, facts),
          ...(typeof since === 'string' ? { since } : {}),
        },
        systems,
        signal,
      );
  const risks = places.map(({ diff, findings }) => riskOf(diff, findings));
  const takenBack = await facts.checks(effectKey(environmentKey(content), TAKEN_BACK));
  const against = isEmpty ? undefined : knownAgainst(fingerprint, takenBack, proven);
  const isHigh = against !== undefined || risks.some(({ level }) => level === 'high');
  const replaces = proven[0]?.body.readBack.fingerprint;
  return {
    targets: [
      environmentPlan(content, release, isEmpty),
      ...places.map((planned) => placePlan(content, planned)),
    ],
    promotion: {
      release,
      fingerprint,
      ...(typeof replaces === 'string' ? { replaces } : {}),
      places: places.map(({ plan }) => plan),
      risk: {
        level: isHigh ? 'high' : 'low',
        reasons: [
          ...(against === undefined ? [] : [against]),
          ...new Set(
            risks.filter(({ level }) => !isHigh || level === 'high').flatMap(({ reasons }) => reasons),
          ),
        ].slice(0, 20),
      },
      authors,
      findings: [
        ...verified,
        ...scans,
        ...new Set(places.flatMap(({ findings }) => findings.map(describeFinding))),
      ].slice(0, 100),
    },
  };
}

/** Nothing is promoted that was not verified in the environment before; only an exception goes round that, and it is told. */
async function checkVerified(
  content: PromotionContent,
  found: FoundRelease,
  fingerprint: string,
  { systems, facts, onProgress, signal, verifiedBefore }: Asking,
): Promise<readonly string[]> {
  const { release, source } = found;
  const { from, application, exception, shadow } = content;
  if (verifiedBefore?.fingerprint === fingerprint)
    return [`verified in ${from.name} when it was planned first`];
  if (exception !== undefined) return [`not verified in ${from.name}: this is the exception ${exception}`];
  if (from.isFirst) {
    const { isProven, message } = await systems.runs(source, release.commit, signal, onProgress);
    if (isProven) {
      return [
        `${from.name} runs it: ${message}`,
        ...(await checkRunningRelease(content, found, systems, signal)),
      ];
    }
    // nobody is asked to compare, so what is seen may be a little old
    if (shadow === true) return [`not seen to run in ${from.name} yet, in shadow it goes on: ${message}`];
    throw new PlanConflict(
      'verified',
      `${from.name} does not run commit ${release.commit.slice(0, 12)}: ${message}`,
      `Wait until ${from.name} runs it, then ask again`,
    );
  }
  const key = effectKey(`${application}/${from.name}`, PROVEN);
  const verified = (await facts.checks(key)).find(({ body }) => body.readBack.fingerprint === fingerprint);
  if (verified !== undefined) return [`verified in ${from.name} at ${verified.at}`];
  throw new PlanConflict(
    'verified',
    `this release (${describeRelease(release)}) was not verified in ${from.name}`,
    `Promote it to ${from.name} first; environments cannot be skipped`,
  );
}

/**
 * Where Git holds the release already, nothing will be merged and nothing waited for: whoever is told that there is nothing to
 * do takes it for success, so production has to run it.
 */
async function checkRunning(
  { targets }: PromotionContent,
  places: readonly PlannedPlace[],
  { systems, onProgress, signal }: Asking,
): Promise<readonly string[]> {
  const running: string[] = [];
  for (const [index, target] of targets.entries()) {
    const commit = places[index]?.plan.base ?? '';
    const { isProven, message } = await systems.runs(target, commit, signal, onProgress);
    if (!isProven) {
      throw new PlanConflict(
        'running',
        `${target.key} holds the release in Git and does not run commit ${commit.slice(0, 12)}: ${message}`,
        'Remove the cause there, then promote again: nothing is left to be merged',
      );
    }
    running.push(`${target.key} runs it: ${message}`);
  }
  return running;
}

async function ourCommits(content: PromotionContent, facts: PromotionFacts): Promise<ReadonlySet<string>> {
  const commits = new Set<string>();
  for (const place of content.from.places) {
    const key = effectKey(
      `${content.application}/${content.from.name}/${place.name}`,
      PROMOTION_OBJECT.merge,
    );
    for (const { body } of await facts.effects(key)) {
      if (!('readBack' in body)) continue;
      for (const name of ['commit', 'head']) {
        const commit = body.readBack[name];
        if (typeof commit === 'string') commits.add(commit);
      }
    }
  }
  return commits;
}

function environmentPlan(content: PromotionContent, release: Release, isEmpty: boolean): TargetPlan {
  const key = environmentKey(content);
  const effect = (object: string, detail: string, count: number): PlannedEffect => ({
    key: effectKey(key, object),
    system: 'servicenow',
    object,
    action: isEmpty ? 'unchanged' : 'create',
    count,
    detail,
    phase: 'proposal',
  });
  return {
    target: key,
    effects: content.rules.changeRecord
      ? [
          effect(PROMOTION_OBJECT.changeRecord, `change record for ${describeRelease(release)}`, 1),
          effect(PROMOTION_OBJECT.changeRecordEnd, 'is closed with the outcome', 0),
        ]
      : [],
    invitees: [],
    notes: [],
  };
}

function placePlan(content: PromotionContent, { plan, change, diff }: PlannedPlace): TargetPlan {
  const place = content.targets.find(({ key }) => key === plan.place);
  if (place === undefined) throw new Error(`the request has no place ${plan.place}`);
  const count = change.changes.length;
  const effect = (
    object: string,
    action: PlannedEffect['action'],
    many: number,
    detail: string,
    system: SystemName = 'gitlab',
    phase?: PlannedEffect['phase'],
  ): PlannedEffect => ({
    key: effectKey(plan.place, object),
    system,
    object,
    action,
    count: many,
    detail,
    ...(phase === undefined ? {} : { phase }),
  });
  const where = `${place.project} ${place.branch}`;
  if (count === 0) {
    return {
      target: plan.place,
      effects: [effect(PROMOTION_OBJECT.merge, 'unchanged', 0, `${where} holds the release`)],
      invitees: [],
      notes: [],
    };
  }
  const paths = change.changes.map(({ path }) => path);
  const named =
    paths.length > 5 ? `${paths.slice(0, 5).join(', ')} and ${paths.length - 5} more` : paths.join(', ');
  const tags = change.tags.map(({ repository, tag }) => `${repository}:${tag}`).join(', ');
  return {
    target: plan.place,
    effects: [
      ...(change.tags.length === 0
        ? []
        : [effect(PROMOTION_OBJECT.tags, 'create', change.tags.length, tags, 'registry')]),
      effect(PROMOTION_OBJECT.mergeRequest, 'create', 1, `into ${where}`, 'gitlab', 'proposal'),
      effect(
        PROMOTION_OBJECT.mergeRequestEnd,
        'change',
        0,
        'is closed if it is not merged',
        'gitlab',
        'proposal',
      ),
      effect(PROMOTION_OBJECT.merge, 'change', count, named),
      effect(PROMOTION_OBJECT.revert, 'change', count, 'only if it is rolled back', 'gitlab', 'rollback'),
    ],
    invitees: [],
    notes: [
      `${diff.changed.length} objects change, ${diff.added.length} are added, ${diff.removed.length} are removed`,
      ...place.deliveries.map(
        ({ name, kind }) => `delivered by ${kind === 'argocd' ? 'Argo CD' : 'Flux'}: ${name}`,
      ),
    ],
  };
}

function conflictOf(error: unknown): PlanConflict | undefined {
  if (error instanceof PlanConflict) return error;
  if (error instanceof EditRefused) return new PlanConflict('change', error.message, error.remedy);
  if (error instanceof TagRefused) return new PlanConflict('release', error.message, error.remedy);
  if (error instanceof RenderedError) return new PlanConflict('manifests', error.message, error.remedy);
  return undefined;
}

function inTheWay(content: PromotionContent, { subject, message, remedy }: PlanConflict): TargetPlan {
  const key = environmentKey(content);
  return {
    target: key,
    effects: [
      {
        key: effectKey(key, subject),
        system: SYSTEM_OF.get(subject) ?? 'gitlab',
        object: subject,
        action: 'conflict',
        count: 1,
        detail: `${message}. ${remedy}`,
      },
    ],
    invitees: [],
    notes: [],
  };
}

const SYSTEM_OF: ReadonlyMap<string, SystemName> = new Map([
  ['image', 'registry'],
  ['chart', 'registry'],
  ['scan', 'harbor'],
  ['verified', 'argocd'],
  ['author', 'directory'],
]);
