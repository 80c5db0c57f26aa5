/** What runs where, as far as promotions have proven it, and how neighbours differ. */
import { currentPlan, entriesOfType, type RequestRecord } from '../record.js';
import { isRollingBack, isWorkDone, mergedPlaces } from './progress.js';
import type { Release } from './release.js';

export interface ProvenRelease {
  readonly release: Release;
  /** SHA-256 that names it by content */
  readonly fingerprint: string;
  readonly requestId: string;
  /** ISO 8601 */
  readonly provenAt: string;
}

export interface RunsHere {
  /** different releases that were proven here, newest first: the first one is what runs now, the second what ran before */
  readonly proven: readonly ProvenRelease[];
  /** a later request that changed something here, and neither proved it nor took it back */
  readonly disturbedBy?: string;
}

/** @param records promotions into one environment, newest first */
export function runsHere(records: readonly RequestRecord[]): RunsHere {
  const proven: ProvenRelease[] = [];
  let disturbedBy: string | undefined;
  for (const record of records) {
    const found = provenBy(record);
    if (found !== undefined && proven.at(-1)?.fingerprint !== found.fingerprint) proven.push(found);
    if (found === undefined && proven.length === 0 && leftChanged(record)) disturbedBy ??= record.requestId;
  }
  return { proven, ...(disturbedBy === undefined ? {} : { disturbedBy }) };
}

/** A request that waits for a review afterwards, or is watched, has proven its release all the same. */
function provenBy(record: RequestRecord): ProvenRelease | undefined {
  const plan = currentPlan(record)?.plan.promotion;
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  if (plan === undefined || isRollingBack(record)) return undefined;
  if (ended === undefined ? !isProvenAndOpen(record) : ended.body.outcome !== 'done') return undefined;
  const lastPlace = entriesOfType(record.entries, 'target.ended').at(-1);
  return {
    release: plan.release,
    fingerprint: plan.fingerprint,
    requestId: record.requestId,
    provenAt: lastPlace?.at ?? ended?.at ?? record.accepted.at,
  };
}

function isProvenAndOpen(record: RequestRecord): boolean {
  return isWorkDone(record) && mergedPlaces(record).length > 0;
}

function leftChanged(record: RequestRecord): boolean {
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  return ended !== undefined && ended.body.outcome !== 'rolled-back' && mergedPlaces(record).length > 0;
}

/**
 * The release that the newest plan found in the environment where releases come from: nothing is promoted there, so
 * nothing else is known of it.
 * @param records promotions into the environment after it, newest first
 */
export function seenAtSource(
  records: readonly RequestRecord[],
): { readonly release: Release; readonly at: string; readonly requestId: string } | undefined {
  for (const record of records) {
    const plan = currentPlan(record)?.plan;
    if (record.request.kind !== 'Promotion' || !record.request.content.from.isFirst) continue;
    if (plan?.promotion === undefined || record.request.content.exception === 'rollback') continue;
    return { release: plan.promotion.release, at: plan.plannedAt, requestId: record.requestId };
  }
  return undefined;
}

/** One thing in which two releases differ; a side is unset where the release does not have it. */
export interface Difference {
  readonly kind: 'image' | 'chart';
  readonly name: string;
  readonly here?: string;
  readonly there?: string;
}

/** @returns by name; empty when both have the same images by digest and the same charts by version */
export function differencesOf(
  here: Pick<Release, 'images' | 'charts'>,
  there: Pick<Release, 'images' | 'charts'>,
): readonly Difference[] {
  return [
    ...differing('image', imagesOf(here), imagesOf(there)),
    ...differing('chart', chartsOf(here), chartsOf(there)),
  ];
}

function imagesOf({ images }: Pick<Release, 'images'>): ReadonlyMap<string, string> {
  return new Map(images.map(({ repository, digest }) => [repository, digest]));
}

function chartsOf({ charts }: Pick<Release, 'charts'>): ReadonlyMap<string, string> {
  return new Map(charts.map(({ name, version }) => [name, version]));
}

function differing(
  kind: Difference['kind'],
  here: ReadonlyMap<string, string>,
  there: ReadonlyMap<string, string>,
): readonly Difference[] {
  return [...new Set([...here.keys(), ...there.keys()])].sort().flatMap((name) => {
    const [one, other] = [here.get(name), there.get(name)];
    if (one === other) return [];
    return [
      {
        kind,
        name,
        ...(one === undefined ? {} : { here: one }),
        ...(other === undefined ? {} : { there: other }),
      },
    ];
  });
}
