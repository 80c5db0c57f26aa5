/** Windows in which a change may reach an environment. */

/**
 * Written in a path's file: a cron expression of five fields in a time zone (IANA name) and how long the window lasts.
 * Deny beats allow; with any allow window, outside of all is denied (the rule of Argo CD's AppProject, taken for all).
 */
export interface Window {
  readonly kind: 'allow' | 'deny';
  readonly name: string;
  readonly schedule: string;
  readonly durationMs: number;
  readonly timeZone: string;
}
