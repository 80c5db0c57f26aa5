/** Operators' commands: retry, pause, resume, skip, cancel, rollback, accept. The answer is the workflow's own. */
import type { CommandName } from '../api/api-client.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { harmless } from '../output/text.js';
import { apiOf, type Session } from '../session.js';

export interface SteerOptions {
  /** keys of targets; empty: all that it can apply to */
  readonly targets: readonly string[];
  /** the same key is the same command */
  readonly idempotencyKey?: string;
}

export async function steer(
  session: Session,
  command: CommandName,
  requestId: string,
  options: SteerOptions,
): Promise<ExitCode> {
  const { isTaken, ...answer } = await apiOf(session).command(
    requestId,
    command,
    options.targets,
    options.idempotencyKey,
  );
  session.output.result({ requestId, command, ...answer }, () => [
    `${requestId}  ${harmless(answer.message)}`,
  ]);
  return isTaken ? EXIT.done : EXIT.waiting;
}
