/** Checks a bundle against checkpoints: its own, and those that somebody else kept. */
import { type BundleCheck, checkOf, type OpenedBundle, revokedBefore } from './bundle-check.js';
import { witnessFault } from './chain.js';
import type { Checkpoint } from './ports.js';

/** The bundle's own checkpoint: signed, and at the end of the chain that the bundle holds. */
export async function checkCheckpoint(opened: OpenedBundle): Promise<BundleCheck> {
  const { checkpoint, entries } = opened.bundle;
  if (checkpoint === null) {
    const remedy = 'no checkpoint covers the last entry yet: wait for the next one and export again';
    return checkOf('checkpoint', [remedy], '');
  }
  const { faults, at } = await judged(opened, checkpoint);
  const last = entries.findLast((entry) => entry.requestId === opened.bundle.requestId);
  if (last !== undefined && checkpoint.seq < last.seq) {
    faults.push(`the checkpoint ends at entry ${checkpoint.seq}, before the last entry of the request`);
  }
  const check = checkOf('checkpoint', faults, `signed at entry ${checkpoint.seq}`);
  return check.ok && at !== undefined ? { ...check, asOf: { seq: checkpoint.seq, at } } : check;
}

/**
 * Checkpoints from elsewhere. Those from before the bundle's first entry say nothing about it. One beyond its end is a fault: the
 * ledger went on, and what was decided there may have been cut off. No line when none were given.
 */
export async function checkWitnesses(opened: OpenedBundle): Promise<readonly BundleCheck[]> {
  const witnesses = opened.tools.witnesses ?? [];
  if (witnesses.length === 0) return [];
  const first = opened.bundle.entries[0]?.seq ?? 1;
  const last = first + opened.hashes.size - 1;
  const inside = witnesses.filter(({ seq }) => seq >= first && seq <= last);
  const beyond = witnesses.filter(({ seq }) => seq > last);
  const faults: string[] = [];
  for (const witness of inside) faults.push(...(await judged(opened, witness)).faults);
  if (beyond.length > 0) {
    const furthest = Math.max(...beyond.map(({ seq }) => seq));
    faults.push(
      `the bundle ends at entry ${last}, a checkpoint given knows entry ${furthest}: what came later may have been cut off. Export the evidence again`,
    );
  } else if (inside.length === 0) {
    faults.push(
      `none of the ${witnesses.length} checkpoints given lies between entries ${first} and ${last}`,
    );
  }
  return [checkOf('witnesses', faults, `${inside.length} of ${witnesses.length} checkpoints given agree`)];
}

/** What is wrong with a checkpoint, and the time that it was signed for. */
async function judged(
  opened: OpenedBundle,
  checkpoint: Checkpoint,
): Promise<{ readonly faults: string[]; readonly at?: string }> {
  const faults = witnessFault(opened.hashes, checkpoint).map((fault) => fault.message);
  try {
    const { seq, hash, at } = await opened.tools.signatures.checkpoint(checkpoint.envelope, {
      revoked: revokedBefore(opened, checkpoint.seq),
    });
    if (seq !== checkpoint.seq || hash !== checkpoint.hash) {
      faults.push('the signature of the checkpoint is for another entry');
    }
    return { faults, at };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    faults.push(`the checkpoint is not signed as it must be: ${error.message}`);
    return { faults };
  }
}
