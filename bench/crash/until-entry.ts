import type { AnyEntry } from '../../src/domain/ledger.js';
import type { CrashStack } from './crash-stack.js';

/** Longer than any recovery of a killed worker, on a busy machine too; who needs longer hangs. */
export const HANGS_AFTER_MS = 240_000;
/** The ledger is asked, one small query each time. */
const ASK_EVERY_MS = 200;

/**
 * Looks at the entries of a request until something is found in them.
 * @throws Error when the ledger does not get there in time
 */
export async function untilEntry<T>(
  crash: CrashStack,
  requestId: string,
  look: (entries: readonly AnyEntry[]) => T | undefined,
): Promise<T> {
  const deadline = Date.now() + HANGS_AFTER_MS;
  for (;;) {
    const entries = await crash.ledger.entriesOf(requestId);
    const found = look(entries);
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`no end in sight after ${entries.at(-1)?.type ?? 'nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
