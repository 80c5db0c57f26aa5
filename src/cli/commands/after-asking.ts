/** What a command does once something is asked for: says what it waits for, or watches it until it ends. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Status } from '../api/answers.js';
import type { ApiClient } from '../api/api-client.js';
import type { ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { askedLine, failureLines } from '../status/render-status.js';
import { exitCodeOf } from '../status/status-word.js';
import { watch } from '../status/watch.js';

/**
 * Planning reads every system once: seconds; a promotion is rendered and proposed, too. Whoever asked wants to see the gates,
 * so it is waited for, but not long.
 */
const PLANNED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

export interface AfterAsking {
  /** watch until it ends */
  readonly watch?: boolean;
  readonly timeoutMs?: number;
}

export async function afterAsking(
  session: Session,
  api: ApiClient,
  asked: Status,
  options: AfterAsking,
): Promise<ExitCode> {
  const { output } = session;
  if (options.watch === true) {
    output.aside(`${asked.id}   ${asked.page}`);
    return watch(session, asked.id, { timeoutMs: options.timeoutMs });
  }
  const status = await whenPlanned(session, api, asked);
  output.result(status, () => [askedLine(status), ...failureLines(status, output.style, output.width)]);
  return exitCodeOf(status.status);
}

/** Planned is not asked yet: the gates open a moment later. */
function isOnItsWay({ status, gates }: Status): boolean {
  return status === 'planning' || (status === 'waiting' && gates.every(({ state }) => state !== 'open'));
}

async function whenPlanned(session: Session, api: ApiClient, asked: Status): Promise<Status> {
  const deadline = session.now() + PLANNED_WITHIN_MS;
  let status = asked;
  while (isOnItsWay(status) && session.now() < deadline && !session.signal.aborted) {
    session.output.passing(`${asked.id}  planning …`);
    await pause(LOOK_EVERY_MS, undefined, { signal: session.signal });
    status = await api.status(asked.id);
  }
  session.output.passing('');
  return status;
}
