/** A request's status as it changes: by server-sent events, and by asking where they do not come through. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Status } from '../api/answers.js';
import { type ApiClient, ApiProblem } from '../api/api-client.js';
import { CliError } from '../cli-error.js';

/** Pause between asking while no stream works, in milliseconds: a person looks at it. */
const POLL_MS = 2_000;

export type Update = { readonly status: Status } | { readonly trouble: string };

/**
 * Yields until the request ends or the signal is aborted. Trouble that may pass is told and tried again.
 * @throws ApiProblem for what trying again will not change: not signed in, not there, not allowed
 */
export async function* statusUpdates(
  api: Pick<ApiClient, 'status' | 'statusStream'>,
  requestId: string,
  signal: AbortSignal,
  pollMs: number = POLL_MS,
): AsyncGenerator<Update, void, undefined> {
  while (!signal.aborted) {
    try {
      for await (const status of api.statusStream(requestId, signal)) {
        yield { status };
        if (status.endedAt !== undefined) return;
      }
    } catch (error) {
      if (isFinal(error)) throw error;
    }
    // the stream was closed, or never came: look, wait, and try it again
    if (signal.aborted) return;
    try {
      const status = await api.status(requestId);
      yield { status };
      if (status.endedAt !== undefined) return;
    } catch (error) {
      if (isFinal(error)) throw error;
      yield {
        trouble: `No news: ${error instanceof CliError ? error.message : 'the connection broke.'} Trying again.`,
      };
    }
    await pause(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof ApiProblem && [400, 401, 403, 404].includes(error.status);
}
