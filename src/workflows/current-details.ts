/** Current details that the Temporal UI shows of a run. */
import { setCurrentDetails } from '@temporalio/workflow';

/** Markdown of at most a few lines; it passes the payload codec like any payload. */
export function showDetails(markdown: string): void {
  setCurrentDetails(markdown.slice(0, 4_000));
}
