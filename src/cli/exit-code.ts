/** Exit codes of every command (design: the experience to reach). */
export const EXIT = {
  /** done, or nothing to do */
  done: 0,
  /** an error, also of usage; or what was looked at failed */
  error: 1,
  /** a plan that would change something */
  changes: 2,
  /** it waits for people or still runs */
  waiting: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
