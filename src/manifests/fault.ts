/** Faults of the files that users write: all at once, each with its place. */

export interface Place {
  /** counted from 1 */
  readonly line: number;
  /** counted from 1, in UTF-16 code units */
  readonly column: number;
}

export interface ManifestFault extends Place {
  readonly file: string;
  /** dotted path in the document, e.g. `spec.clusters[1].stage`; empty for the document itself */
  readonly path: string;
  /** what is wrong, and what to write instead */
  readonly message: string;
}

/** More than these would hide the first ones, and a hostile file must not make a long answer. */
export const MAX_FAULTS = 50;

/** One or more files cannot be used; `faults` holds every fault found, in the order of the file. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly faults: readonly ManifestFault[];

  constructor(faults: readonly ManifestFault[]) {
    const ordered = [...faults].sort(
      (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
    );
    const kept = ordered.slice(0, MAX_FAULTS);
    const rest = ordered.length - kept.length;
    super([...kept.map(describeFault), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'));
    this.faults = kept;
  }
}

/** One line for people: `file:line:column: path: message`, the form that editors make clickable. */
export function describeFault(fault: ManifestFault): string {
  const path = fault.path === '' ? '' : `${fault.path}: `;
  return `${fault.file}:${fault.line}:${fault.column}: ${path}${fault.message}`;
}

export type PathStep = string | number;

/** Writes a path as people read it: `spec.clusters[1].stage`. */
export function pathText(path: readonly PathStep[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}
