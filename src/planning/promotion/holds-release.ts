/** Whether what a place renders to holds the release: an edit that changes nothing that is rendered would be proven on the old image. */
import { type ImageReference, writeImage } from '../../domain/image-reference.js';
import type { Edit, Place } from '../../domain/promotion/path.js';
import type { Release } from '../../domain/promotion/release.js';
import { isSameRepository } from '../../domain/registry-reference.js';
import { chartUses } from '../rendering/chart-releases.js';
import type { Finding } from '../rendering/finding.js';
import type { RenderedObject } from '../rendering/rendered-objects.js';
import { PlanConflict } from './conflict.js';
import { type Declared, declaredIn } from './declared-images.js';
import type { PlaceChange } from './place-change.js';

export interface HeldInput {
  readonly place: Place;
  readonly release: Release;
  readonly change: Pick<PlaceChange, 'tags' | 'takenTags'>;
  /** everything that is rendered afterwards, charts included */
  readonly objects: readonly RenderedObject[];
  /** false: some charts are not rendered, so what is not seen may stand there */
  readonly isWhole: boolean;
}

/**
 * @returns what can't be seen here and is required at delivery all the same
 * @throws PlanConflict for an image or version that is rendered as another one, or nowhere
 */
export function checkHeld(input: HeldInput): readonly Finding[] {
  const { place, release } = input;
  const edits = place.change.kind === 'edit' ? place.change.edits : [];
  const images = imagesOfEdits(edits);
  const findings = release.images.flatMap((image) => heldImage(input, image, images.has(image.repository)));
  for (const { name, version } of release.charts) {
    if (edits.some((edit) => 'chart' in edit && edit.chart === name)) refuseOtherChart(input, name, version);
  }
  return findings;
}

function imagesOfEdits(edits: readonly Edit[]): ReadonlySet<string> {
  return new Set(edits.flatMap((edit) => ('image' in edit ? [edit.image] : [])));
}

function heldImage(
  { place, change, objects, isWhole }: HeldInput,
  { repository, digest, tag }: Release['images'][number],
  isEdited: boolean,
): readonly Finding[] {
  const tags = new Set(
    [...change.tags, ...change.takenTags]
      .filter((one) => one.repository === repository)
      .map((one) => one.tag),
  );
  if (place.change.kind === 'copy' && tag !== undefined) tags.add(tag);
  const holds = ({ value }: Declared<ImageReference>): boolean =>
    value.digest === digest ||
    (value.digest === undefined &&
      value.tag !== undefined &&
      tags.has(value.tag) &&
      isNamed(value, repository));
  const declared = declaredIn(objects);
  const other = declared.find((one) => isSameRepository(one.value.repository, repository) && !holds(one));
  if (other !== undefined) {
    throw new PlanConflict(
      'change',
      `${place.name} would still run ${writeImage(other.value)} in ${other.where}, not ${digest}: the change does not reach it`,
      'Look for a patch, component or second entry that sets the image there, and let the path change that one',
    );
  }
  if (!isEdited || declared.some(holds)) return [];
  if (isWhole) {
    const runs = declared.map(({ value }) => writeImage(value)).slice(0, 5);
    throw new PlanConflict(
      'change',
      `nothing that ${place.name} renders to has the image ${repository} with ${digest}: it has ${runs.length === 0 ? 'no image' : runs.join(', ')}`,
      'Correct the name of the image in the path, or the edit: as it stands it would change nothing that runs',
    );
  }
  return [
    {
      check: 'chart',
      object: place.name,
      message: `${repository} is in nothing that is rendered here: only its delivery proves that it runs`,
      remedy: 'Name the workloads that run it in the path.',
      level: 'warn',
    },
  ];
}

/** A mirror keeps the last parts of the name. */
function isNamed({ repository }: ImageReference, wanted: string): boolean {
  const path = wanted.slice(wanted.indexOf('/') + 1);
  return isSameRepository(repository, wanted) || repository.endsWith(`/${path}`);
}

function refuseOtherChart({ place, objects }: HeldInput, chart: string, version: string): void {
  const uses = chartUses(objects).filter((use) => use.chart === chart);
  const other = uses.find((use) => use.version !== version);
  if (other === undefined) return;
  throw new PlanConflict(
    'change',
    `${place.name} would still take another ${chart} than ${version} (${other.object.kind} ${other.object.name}): ${other.skipped ?? `it asks for ${other.version ?? 'no version'}`}`,
    'Let the edit name the field that counts, and take the stronger one beside it out',
  );
}
