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
  const faults = await faultsOf(opened, checkpoint);
  const last = entries.findLast((entry) => entry.requestId === opened.bundle.requestId);
  if (last !== undefined && checkpoint.seq < last.seq) {
    faults.push(`the checkpoint ends at entry ${checkpoint.seq}, before the last entry of the request`);
  }
  return checkOf('checkpoint', faults, `signed at entry ${checkpoint.seq}`);
}

/** Checkpoints from elsewhere, where they fall into the chain of the bundle. No line when none were given. */
export async function checkWitnesses(opened: OpenedBundle): Promise<readonly BundleCheck[]> {
  const witnesses = opened.tools.witnesses ?? [];
  if (witnesses.length === 0) return [];
  const first = opened.bundle.entries[0]?.seq ?? 1;
  const last = first + opened.hashes.size - 1;
  const inside = witnesses.filter(({ seq }) => seq >= first && seq <= last);
  const faults: string[] = [];
  for (const witness of inside) faults.push(...(await faultsOf(opened, witness)));
  if (inside.length === 0) {
    faults.push(
      `none of the ${witnesses.length} checkpoints given lies between entries ${first} and ${last}`,
    );
  }
  return [checkOf('witnesses', faults, `${inside.length} of ${witnesses.length} checkpoints given agree`)];
}

async function faultsOf(opened: OpenedBundle, checkpoint: Checkpoint): Promise<string[]> {
  const faults = witnessFault(opened.hashes, checkpoint).map((fault) => fault.message);
  try {
    const claims = await opened.tools.signatures.checkpoint(checkpoint.envelope, {
      revoked: revokedBefore(opened, checkpoint.seq),
    });
    if (claims.seq !== checkpoint.seq || claims.hash !== checkpoint.hash) {
      faults.push('the signature of the checkpoint is for another entry');
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    faults.push(`the checkpoint is not signed as it must be: ${error.message}`);
  }
  return faults;
}
