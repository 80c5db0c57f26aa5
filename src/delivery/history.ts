/** What Git says of a commit that a cluster names: does it contain ours, and does it still hold what ours changed? */

/**
 * - `holds` it is ours, or contains ours and has the same content in every file that ours changed
 * - `replaced` it contains ours, but some of those files have other content by now
 * - `other` it does not contain ours
 * - `unknown` Git does not have it, or there is no Git to ask
 */
export type Relation = 'holds' | 'replaced' | 'other' | 'unknown';

export interface History {
  /**
   * @param commit 40 or 64 hexadecimal digits
   * @throws CliError when Git cannot be asked at all
   */
  relationOf(commit: string, signal: AbortSignal): Promise<Relation>;
  /** Gives up what was made for the questions. */
  close(): Promise<void>;
}

/** Without a repository only our own commit is ours. */
export class NoHistory implements History {
  readonly #revision: string;

  constructor(revision: string) {
    this.#revision = revision;
  }

  async relationOf(commit: string): Promise<Relation> {
    return commit === this.#revision ? 'holds' : 'unknown';
  }

  async close(): Promise<void> {}
}
