/** Why a file could not be edited without touching more than was asked. */
export type YamlEditCode =
  | 'not-yaml'
  | 'tabs'
  | 'too-large'
  | 'multiple-documents'
  | 'duplicate-key'
  | 'shared-value'
  | 'tagged-value'
  | 'not-a-map'
  | 'not-a-scalar'
  | 'unusual-key'
  | 'bad-path'
  | 'bad-value'
  | 'would-change-more';

/** Thrown by the YAML editor. The message has the line and the path, never a value of the file. */
export class YamlEditError extends Error {
  override readonly name = 'YamlEditError';
  readonly code: YamlEditCode;
  /** 1-based line in the file, when one is known */
  readonly line: number | undefined;
  /** what the owner of the file can do */
  readonly remedy: string;

  constructor(problem: {
    readonly code: YamlEditCode;
    readonly message: string;
    readonly remedy: string;
    readonly line?: number;
  }) {
    super(problem.line === undefined ? problem.message : `line ${problem.line}: ${problem.message}`);
    this.code = problem.code;
    this.line = problem.line;
    this.remedy = problem.remedy;
  }
}
