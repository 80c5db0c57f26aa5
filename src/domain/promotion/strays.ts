/**
 * Commits on the branch that production reads which no promotion made: somebody changed it around the path. Nothing is done
 * about them; people are told.
 */
import type { Letter } from '../notices.js';

/** A branch that production reads. */
export interface ProductionRef {
  readonly project: string;
  readonly branch: string;
}

/** A commit that came round the path, as its alarm holds it. */
export interface Stray extends ProductionRef {
  /** full commit id */
  readonly commit: string;
  /** reference to who pushed it, as GitLab let him in; unset: GitLab has not noted any push of it */
  readonly by?: string;
  /** ISO 8601: when it was pushed, or what the commit claims */
  readonly at: string;
  /** changed files that the places use, at most MOST_FILES */
  readonly files: readonly string[];
  /** keys of the places that use them, `<application>/<environment>/<place>` */
  readonly places: readonly string[];
}

/** Files that an alarm names; the commit has them all. */
export const MOST_FILES = 20;

/** The alarm's one line. No personal data. */
export function strayDetail({ project, branch, commit, files, places }: Omit<Stray, 'by' | 'at'>): string {
  const more = files.length > 3 ? ` and ${files.length - 3} more` : '';
  const what = files.length === 0 ? 'history was rewritten' : `${files.slice(0, 3).join(', ')}${more}`;
  return `${project} ${branch}: commit ${commit.slice(0, 12)} was made by no promotion and changes ${places.join(', ')}: ${what}`.slice(
    0,
    500,
  );
}

/** True when a changed file is one that a place is made of. `shared` are directories outside its own that it is built from. */
export function touchesPlace(
  { directory, shared }: { readonly directory: string; readonly shared: readonly string[] },
  path: string,
): boolean {
  return [directory, ...shared].some(
    (one) => one === '' || one === '.' || path === one || path.startsWith(`${one}/`),
  );
}

/** @param by who pushed it, for people; @param link where they read what runs where */
export function strayLetter(stray: Stray, by: string, link: string): Letter {
  const { project, branch, commit, at, files, places } = stray;
  return {
    subject: `Changed around the path: ${project} ${branch} (${commit.slice(0, 12)})`,
    text: [
      `${by} changed ${places.join(', ')} at ${at}, and no promotion did.`,
      '',
      `Project ${project}, branch ${branch}, commit ${commit}:`,
      ...files.map((file) => `- ${file}`),
      '',
      'Gatehouse does nothing about it. If it is wrong, revert the commit; the next promotion shows its difference.',
      '',
      `What runs where: ${link}`,
    ].join('\n'),
  };
}
