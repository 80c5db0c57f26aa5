/**
 * The authors of what is promoted: who wrote the commits and who pushed them, as GitLab authenticated him. They never
 * decide on it (design, section 5), so somebody who can't be known stops the plan.
 */
import type { Place } from '../../domain/promotion/path.js';
import type { RepositoryCommit } from '../../systems/gitlab/repositories.js';
import { PlanConflict } from './conflict.js';
import type { PromotionSystems } from './systems.js';

export interface AuthorsInput {
  /** the place of the environment before, whose commits are promoted */
  readonly place: Place;
  /** what is promoted */
  readonly commit: string;
  /** what was promoted before, if that is known */
  readonly since?: string;
  /** commits that Gatehouse itself made: whoever agreed on those is not their author */
  readonly ours: ReadonlySet<string>;
}

/** Commits of the directory that are looked through, a hundred in an answer; a service that was left alone for a year has some hundreds. */
const MOST_COMMITS = 5_000;

/**
 * @returns directory person ids, each once
 * @throws PlanConflict for somebody who is not in the directory; SystemError
 */
export async function authorsOf(
  input: AuthorsInput,
  systems: PromotionSystems,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const commits = await promotedCommits(input, systems, signal);
  const persons = new Set<string>();
  for (const mail of new Set(commits.map(({ authorEmail }) => authorEmail.toLowerCase()))) {
    const user = await systems.directory.userByMail(mail, signal);
    if (user === null) {
      throw new PlanConflict(
        'author',
        `the author ${mail} of what is promoted is not in the directory`,
        'Let the commit be made again by somebody who is: an unknown author could be anybody who decides',
      );
    }
    persons.add(user.personId);
  }
  for (const person of await pushersOf(input, commits, systems, signal)) persons.add(person);
  return [...persons].sort();
}

async function promotedCommits(
  { place, commit, since, ours }: AuthorsInput,
  { repositories }: PromotionSystems,
  signal: AbortSignal | undefined,
): Promise<readonly Pick<RepositoryCommit, 'id' | 'authorEmail'>[]> {
  const commits = await repositories.commitsOf(
    {
      project: place.project,
      ref: commit,
      path: place.directory,
      most: MOST_COMMITS,
      ...(since === undefined ? {} : { since }),
    },
    signal,
  );
  if (commits === 'too-many') {
    throw new PlanConflict(
      'author',
      `more than ${MOST_COMMITS} commits would be promoted at once`,
      'Promote an earlier commit first',
    );
  }
  return commits.filter(({ id }) => !ours.has(id));
}

async function pushersOf(
  { place }: AuthorsInput,
  commits: readonly { readonly id: string }[],
  { repositories, directory }: PromotionSystems,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (commits.length === 0) return [];
  const promoted = new Set(commits.map(({ id }) => id));
  const pushes = await repositories.pushers({ project: place.project, branch: place.branch }, signal);
  const persons = new Set<string>();
  for (const userId of new Set(
    pushes.filter(({ to }) => to !== null && promoted.has(to)).map((push) => push.userId),
  )) {
    const user = await repositories.user(userId, signal);
    const person =
      (await accountOf(user.identities.map(({ externUid }) => externUid))) ??
      (await mailOf([user.email, user.publicEmail]));
    if (person === null) {
      throw new PlanConflict(
        'author',
        `the GitLab user ${user.username}, who pushed what is promoted, is nobody in the directory`,
        'Link the account to its person (an identity, or a public e-mail), or let somebody else push',
      );
    }
    persons.add(person);
  }
  return [...persons];

  async function accountOf(ids: readonly string[]): Promise<string | null> {
    for (const id of ids) {
      const found = await directory.userById(id, signal);
      if (found !== null) return found.personId;
    }
    return null;
  }

  async function mailOf(mails: readonly (string | null)[]): Promise<string | null> {
    for (const mail of mails) {
      const found = mail === null || mail === '' ? null : await directory.userByMail(mail, signal);
      if (found !== null) return found.personId;
    }
    return null;
  }
}
