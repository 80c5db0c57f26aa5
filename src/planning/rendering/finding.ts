/** What a check of rendered manifests or of their sources says. */

export type CheckName =
  | 'cluster-kind'
  | 'deprecated-api'
  | 'namespace'
  | 'image-pin'
  | 'plain-secret'
  | 'duplicate'
  | 'schema'
  | 'migration'
  | 'removal'
  | 'unpinned'
  | 'placeholder'
  | 'chart';

export interface Finding {
  readonly check: CheckName;
  /** the object as `Kind namespace/name`, or the file it stands in; never a secret */
  readonly object: string;
  readonly message: string;
  /** what to do next */
  readonly remedy: string;
  /** `refuse` stops the plan, `warn` is shown to whoever decides, `note` says what could not be checked */
  readonly level: 'refuse' | 'warn' | 'note';
}

/** One line for people. */
export function describeFinding({ check, object, message, remedy }: Finding): string {
  return `${check}: ${object}: ${message}. ${remedy}`;
}
