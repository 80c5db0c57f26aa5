/** `gatehouse status`: all requests that I may see, or one of them, now or until it ends. */
import type { RequestFilter } from '../api/api-client.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { apiOf, type Session } from '../session.js';
import { listLines, statusLines } from '../status/render-status.js';
import { exitCodeOf } from '../status/status-word.js';
import { watch } from '../status/watch.js';

export interface StatusOptions {
  readonly watch?: boolean;
  readonly timeoutMs?: number;
  readonly limit: number;
  /** of the list */
  readonly filter?: RequestFilter;
}

/** @param requestId undefined: the list */
export async function status(
  session: Session,
  requestId: string | undefined,
  options: StatusOptions,
): Promise<ExitCode> {
  const { output, now } = session;
  if (requestId === undefined) {
    const list = await apiOf(session).requests(options.limit, options.filter);
    output.result(list, () => listLines(list, output.style, now()));
    return EXIT.done;
  }
  if (options.watch === true) return watch(session, requestId, { timeoutMs: options.timeoutMs });
  const found = await apiOf(session).status(requestId);
  output.result(found, () => statusLines(found, output.style, output.width, now()));
  return exitCodeOf(found.status);
}
