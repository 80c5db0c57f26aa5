/** `gatehouse hold`, `holds` and `release`: stop changes, see what is held, let them go on. */
import { EXIT, type ExitCode } from '../exit-code.js';
import { harmless } from '../output/text.js';
import { holdLines, scopeText } from '../promote/hold-lines.js';
import { apiOf, type Session } from '../session.js';

export interface HoldOptions {
  readonly application?: string;
  readonly environment?: string;
  readonly reason: string;
  readonly idempotencyKey?: string;
}

export async function hold(session: Session, options: HoldOptions): Promise<ExitCode> {
  const { application, environment, reason, idempotencyKey } = options;
  const scope = {
    ...(application === undefined ? {} : { application }),
    ...(environment === undefined ? {} : { environment }),
  };
  const placed = await apiOf(session).placeHold({ scope, reason }, idempotencyKey);
  session.output.result(placed, () => [
    `${placed.holdId}  changes of ${scopeText(placed)} are held. Let them go on: gatehouse release ${placed.holdId}`,
  ]);
  return EXIT.done;
}

export async function holds(session: Session): Promise<ExitCode> {
  const found = await apiOf(session).holds();
  session.output.result(found, () => holdLines(found.holds, session.now()));
  return EXIT.done;
}

export async function release(session: Session, holdId: string): Promise<ExitCode> {
  const released = await apiOf(session).releaseHold(holdId);
  session.output.result(released, () => [`${holdId}  ${harmless(released.message)}`]);
  return EXIT.done;
}
