/** Whether a commit still has what a delivery is waited for, where files belong to others too. */
import type { OwnedValues } from '../../planning/promotion/our-values.js';
import { otherValues } from '../../planning/promotion/our-values.js';
import { readDirectory } from '../../planning/promotion/repository-files.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';

export interface ProvenValues extends OwnedValues {
  /** what is proven is the state before, after a rollback: then the values of that commit count */
  readonly takenBackAt?: string;
}

/** @throws SystemError */
export async function holdsValues(
  repositories: Pick<GitLabRepositories, 'tree' | 'blobs'>,
  values: ProvenValues,
  commit: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const at = async (one: string): Promise<readonly string[] | undefined> => {
    const { project, directory } = values.place;
    return otherValues(
      await readDirectory(repositories, { project, commit: one, directory }, signal),
      values,
    );
  };
  const now = await at(commit);
  if (now === undefined) return false;
  const { takenBackAt } = values;
  if (takenBackAt === undefined) return now.length === 0;
  const then = await at(takenBackAt);
  return then?.join('\n') === now.join('\n');
}
