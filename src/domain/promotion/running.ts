/** What clusters run, read from workloads and their pods by content: a tag in Git says only what somebody meant. */

import { cutImage } from '../image-reference.js';
import { isSameRepository } from '../registry-reference.js';

/** One container of a workload, and what its pods have pulled for it. */
export interface RunningImage {
  readonly cluster: string;
  /** for people, e.g. `Deployment shop/web` */
  readonly workload: string;
  readonly container: string;
  /** as the workload's spec names it */
  readonly asked: string;
  /**
   * `sha256:…` of what runs, each once: several while a roll-out is under way, none where nothing runs. Of an image for several
   * platforms it is the index, or what one platform pulled.
   */
  readonly digests: readonly string[];
}

/** How an image of a release stands to what runs. */
export type RunningMatch =
  /** no workload runs anything of the repository, or nothing was pulled yet */
  | { readonly state: 'unseen' }
  | {
      readonly state: 'seen';
      /** some container runs it */
      readonly runs: boolean;
      /** other content of the repository that runs, each once */
      readonly others: readonly { readonly digest: string; readonly workload: string }[];
    };

/**
 * @param repository of the image, without tag and digest
 * @param digests its own and, of an image for several platforms, those of each
 */
export function matchRunning(
  repository: string,
  digests: readonly string[],
  running: readonly RunningImage[],
): RunningMatch {
  const others = new Map<string, string>();
  let runs = false;
  for (const { asked, workload, digests: pulled } of running) {
    const isNamed = isSameRepository(cutImage(asked)?.name ?? asked, repository);
    for (const digest of pulled) {
      if (digests.includes(digest)) runs = true;
      else if (isNamed) others.set(digest, workload);
    }
  }
  if (!runs && others.size === 0) return { state: 'unseen' };
  return { state: 'seen', runs, others: [...others].map(([digest, workload]) => ({ digest, workload })) };
}
