/** What the waits of a request see now: shown to people who watch, evidence of nothing. */

/** One wait: the first condition that is not met. */
export interface Wait {
  /** key of the cluster or place */
  readonly target: string;
  /** the check that it will become, e.g. `sync`, `delivered/prod` */
  readonly step: string;
  /** its name, and after a colon what was seen, e.g. `other-revision: application argocd/shop: it compares 4f2a…` */
  readonly clause: string;
  /** ISO 8601: since when it is this condition */
  readonly since: string;
}

/**
 * What is waited for, with the first condition that is not met and for how long.
 * @param what e.g. `Argo CD on prod-eu`
 * @param wait undefined while nobody has looked
 * @param nowMs time of asking in milliseconds
 */
export function describeWait(what: string, wait: Wait | undefined, nowMs: number): string {
  if (wait === undefined) return what;
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(wait.since)) / 1_000));
  return `${what} (${wait.clause}, for ${seconds} s)`;
}

/** The name of a clause, without what was seen. */
export function clauseName(clause: string): string {
  return clause.split(':')[0] ?? clause;
}
