/** What an edit of files comes to: exactly what changes and where, or why it is refused. */
import type { TextChange } from '../../domain/file-set.js';

/** One place that an edit sets. */
export interface EditPlace {
  readonly path: string;
  /** 1-based */
  readonly line: number;
  /** dotted path in the document, e.g. `spec.template.spec.containers[0].image`; unset for a whole file */
  readonly at?: string;
  /** what stood there; null for nothing. Never a value of a Secret. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface EditResult {
  /** only files that really change; empty when everything is as wanted */
  readonly files: readonly TextChange[];
  /** all places that hold the wanted value afterwards, also those that held it before */
  readonly places: readonly EditPlace[];
}

export type EditRefusal =
  | 'missing-file'
  | 'not-yaml'
  | 'missing-field'
  /** several places could be meant */
  | 'two-places'
  /** nothing below the directory names it */
  | 'none-found'
  /** written in a way that cannot be changed without touching more (anchors, tags, lists where a value is meant) */
  | 'not-editable';

/** An edit cannot be made as it is asked; nothing was changed. Never holds a value of a file. */
export class EditRefused extends Error {
  override readonly name = 'EditRefused';
  readonly refusal: EditRefusal;
  /** file or directory */
  readonly path: string;
  /** 1-based lines that are meant, when there are some */
  readonly lines: readonly number[];
  /** what to do next */
  readonly remedy: string;

  constructor(problem: {
    readonly refusal: EditRefusal;
    readonly path: string;
    readonly lines?: readonly number[];
    readonly message: string;
    readonly remedy: string;
  }) {
    const lines = problem.lines ?? [];
    super(`${problem.path}${lines.length === 0 ? '' : `:${lines.join(',')}`}: ${problem.message}`);
    this.refusal = problem.refusal;
    this.path = problem.path;
    this.lines = lines;
    this.remedy = problem.remedy;
  }
}
