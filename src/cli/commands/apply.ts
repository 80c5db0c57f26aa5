/** `gatehouse apply`: asks for what a file says. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Status } from '../api/answers.js';
import type { ApiClient } from '../api/api-client.js';
import type { ExitCode } from '../exit-code.js';
import { readFleetFile } from '../fleet-file.js';
import { apiOf, type Session } from '../session.js';
import { askedLine, failureLines } from '../status/render-status.js';
import { exitCodeOf } from '../status/status-word.js';
import { watch } from '../status/watch.js';

/** Planning reads every system once: seconds. Whoever asked wants to see the gates, so it is waited for, but not long. */
const PLANNED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 500;

export interface ApplyOptions {
  readonly file: string;
  /** e-mail of the person it is for */
  readonly for: string;
  readonly ticket?: string;
  readonly reason?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly timeoutMs?: number;
}

export async function apply(session: Session, options: ApplyOptions): Promise<ExitCode> {
  const { output } = session;
  const { text } = readFleetFile(options.file);
  const api = apiOf(session);
  const asked = await api.ask(
    {
      manifest: text,
      requestedFor: options.for,
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    },
    options.idempotencyKey,
  );
  if (options.wait === true) {
    output.aside(`${asked.id}   ${asked.page}`);
    return watch(session, asked.id, { timeoutMs: options.timeoutMs });
  }
  const status = await whenPlanned(session, api, asked);
  output.result(status, () => [askedLine(status), ...failureLines(status, output.style, output.width)]);
  return exitCodeOf(status.status);
}

async function whenPlanned(session: Session, api: ApiClient, asked: Status): Promise<Status> {
  const deadline = session.now() + PLANNED_WITHIN_MS;
  let status = asked;
  while (status.status === 'planning' && session.now() < deadline && !session.signal.aborted) {
    session.output.passing(`${asked.id}  planning …`);
    await pause(LOOK_EVERY_MS, undefined, { signal: session.signal });
    status = await api.status(asked.id);
  }
  session.output.passing('');
  return status;
}
