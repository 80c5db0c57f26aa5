/** Watches a request until it ends: a picture on a terminal, lines elsewhere, JSON lines for programs. */
import type { Status } from '../api/answers.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { apiOf, type Session } from '../session.js';
import { changeLines } from './change-lines.js';
import { LiveScreen } from './live-screen.js';
import { failureLines } from './render-status.js';
import { statusUpdates } from './status-updates.js';
import { exitCodeOf } from './status-word.js';
import { watchFrame } from './watch-frame.js';

/** Time between redraws in milliseconds: the wheel turns, ages grow. */
const REDRAW_MS = 120;

export interface WatchOptions {
  /** gives up looking after this time, in milliseconds; the request goes on */
  readonly timeoutMs?: number | undefined;
}

/** @returns 0 done, 1 ended otherwise, 3 still open when the time was up or somebody pressed Ctrl-C */
export async function watch(session: Session, requestId: string, options: WatchOptions): Promise<ExitCode> {
  const { output, signal } = session;
  const ends = options.timeoutMs === undefined ? [] : [AbortSignal.timeout(options.timeoutMs)];
  const until = AbortSignal.any([signal, ...ends]);
  const last =
    !output.json && output.streams.stdout.isTTY === true
      ? await watchOnScreen(session, requestId, until)
      : await watchInLines(session, requestId, until);
  if (last?.endedAt === undefined) {
    output.aside(`${requestId} is still open. Look again: gatehouse status ${requestId} --watch`);
    return EXIT.waiting;
  }
  return exitCodeOf(last.status);
}

async function watchInLines(
  session: Session,
  requestId: string,
  until: AbortSignal,
): Promise<Status | undefined> {
  const { output } = session;
  let last: Status | undefined;
  for await (const update of statusUpdates(apiOf(session), requestId, until)) {
    if ('trouble' in update) {
      output.aside(update.trouble);
      continue;
    }
    if (!output.json) output.lines(changeLines(last, update.status));
    else if (JSON.stringify(steady(last)) !== JSON.stringify(steady(update.status)))
      output.document(update.status);
    last = update.status;
  }
  if (!output.json && last?.endedAt !== undefined)
    output.lines(failureLines(last, output.style, output.width));
  return last;
}

/** The status without what only grows with time. */
function steady(status: Status | undefined): unknown {
  if (status === undefined) return undefined;
  const { times: _, waitingFor: __, ...rest } = status;
  return rest;
}

async function watchOnScreen(
  session: Session,
  requestId: string,
  until: AbortSignal,
): Promise<Status | undefined> {
  const { output, now } = session;
  const { stdout } = output.streams;
  const screen = new LiveScreen(stdout);
  let last: Status | undefined;
  let readAtMs = now();
  let trouble: string | undefined;
  let tick = 0;
  const draw = (): void => {
    if (last === undefined) return;
    screen.draw(
      watchFrame(last, {
        width: stdout.columns ?? 80,
        height: stdout.rows ?? 24,
        nowMs: now(),
        readAtMs,
        tick,
        style: output.style,
        ...(trouble === undefined ? {} : { trouble }),
      }),
    );
    tick += 1;
  };
  const timer = setInterval(draw, REDRAW_MS);
  try {
    for await (const update of statusUpdates(apiOf(session), requestId, until)) {
      if ('trouble' in update) trouble = update.trouble;
      else {
        last = update.status;
        readAtMs = now();
        trouble = undefined;
      }
      draw();
    }
  } finally {
    clearInterval(timer);
    draw();
    screen.end();
  }
  return last;
}
