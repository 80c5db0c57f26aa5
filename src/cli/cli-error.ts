/** What went wrong, as a person or a program reads it: one message, one remedy, all faults with their places. */

export interface CliFault {
  /** path in a file (`file:line:column`) or in a call */
  readonly place: string;
  readonly message: string;
}

/** Ends a command with exit code 1. The message names the thing, the remedy says what to do next. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly remedy: string;
  readonly faults: readonly CliFault[];

  constructor(message: string, remedy: string, faults: readonly CliFault[] = []) {
    super(message);
    this.remedy = remedy;
    this.faults = faults;
  }
}
