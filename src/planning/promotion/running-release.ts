/**
 * What the environment before runs is the release, by content: a commit says what somebody meant, and a tag in it may have been
 * moved since pods pulled it.
 */
import { writeImage } from '../../domain/image-reference.js';
import type { ReleaseImage } from '../../domain/promotion/release.js';
import type { PromotionContent } from '../../domain/promotion/request.js';
import { matchRunning } from '../../domain/promotion/running.js';
import { PlanConflict } from './conflict.js';
import type { FoundRelease } from './found-release.js';
import type { PromotionSystems } from './systems.js';

/**
 * @returns a line for each image that no workload shows: CronJobs and Jobs run none between their runs
 * @throws PlanConflict naming what runs and what would be promoted; SystemError
 */
export async function checkRunningRelease(
  { from, asked }: PromotionContent,
  { release, source }: FoundRelease,
  { running, registry }: Pick<PromotionSystems, 'running' | 'registry'>,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (running === undefined || release.images.length === 0) return [];
  const seen = await running(source, signal);
  const lines: string[] = [];
  for (const image of release.images) {
    const digests = await digestsOf(image, registry, signal);
    const match = matchRunning(image.repository, digests, seen);
    // who names one of two images knows of the other
    const isNamed = asked.images[image.repository] !== undefined;
    if (match.state === 'unseen') {
      lines.push(`what ${from.name} runs of ${image.repository} is not seen: none of its workloads has it`);
    } else if (!match.runs || (match.others.length > 0 && !isNamed)) {
      throw otherThan(from.name, image, match.others);
    }
  }
  return lines;
}

/** Pods say the digest of an image for several platforms, or that of the platform. */
async function digestsOf(
  { repository, digest }: ReleaseImage,
  registry: PromotionSystems['registry'],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const platforms = (await registry?.platformDigests(`${repository}@${digest}`, signal)) ?? [];
  return [digest, ...platforms.map((one) => one.digest)];
}

function otherThan(
  environment: string,
  image: ReleaseImage,
  others: readonly { readonly digest: string; readonly workload: string }[],
): PlanConflict {
  const { repository, tag } = image;
  const shown = others.map(({ digest, workload }) => `${repository}@${digest} (${workload})`).join(' and ');
  const digest = others[0]?.digest ?? image.digest;
  return new PlanConflict(
    'release',
    `${environment} runs ${shown}, and the release would be ${writeImage(image)}`,
    tag === undefined
      ? `Let ${environment} roll out what is to be released, then ask again`
      : `Let ${environment} roll out what ${tag} means now, or name what runs in the request by its digest: release.images: {${repository}: "${digest}"}`,
  );
}
