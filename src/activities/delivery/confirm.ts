/** confirmDelivery: does what was proven still run? Trouble that passes is no regression. */
import { sleep } from '@temporalio/activity';
import type { Look } from '../../delivery/look.js';
import { SystemError } from '../../domain/failure.js';
import { DeliveryProof, type ProofTools, remedyOf } from './proof.js';
import type { ProvenDelivery } from './wanted.js';

/** How long one confirmation looks, and how often, in milliseconds: a comparison that was asked for takes seconds. */
const LOOKS_FOR_MS = 15_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Clauses of a wait that mean a regression when they last: another revision is compared or applied, or the cluster is not what
 * Git says. All others (a comparison or a sync is under way, a roll-out moves, a source stumbles) may pass.
 */
const REGRESSED: ReadonlySet<string> = new Set([
  // Argo CD
  'other-revision',
  'out-of-sync',
  'sync-window',
  // Flux
  'source-behind',
  'spec-behind',
  'other-version',
  'values-behind',
  // workloads
  'other-image',
]);
/**
 * Clauses that say nothing of what runs, also when a wait would give up because of them: a source that cannot be read, or
 * reconciliation that somebody has stopped.
 */
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  'comparison-error',
  'invalid-spec',
  'reconcile-skipped',
  'source-unclear',
  'chart-unclear',
  'children-unclear',
  'hydration-failed',
  'hydrated-elsewhere',
  'source-failing',
  'source-stalled',
  'source-suspended',
  'kustomization-suspended',
  'reconcile-failing',
  'chart-not-ready',
  'release-suspended',
]);

/**
 * @throws SystemError kind `busy` when nothing could be said for or against it in time: asked again later
 */
export async function confirmDelivery(
  tools: ProofTools,
  wanted: ProvenDelivery,
  signal: AbortSignal,
): Promise<{ readonly state: 'holds' | 'regressed'; readonly message: string }> {
  const proof = new DeliveryProof(tools, wanted, 0);
  const deadlineMs = Date.now() + LOOKS_FOR_MS;
  for (;;) {
    const { target, look } = await proof.seen(signal);
    const isLast = Date.now() + LOOK_EVERY_MS > deadlineMs;
    const verdict = verdictOf(look, isLast);
    if (verdict === 'holds') return { state: 'holds', message: `${target} runs it` };
    if (verdict === 'regressed' && look.state !== 'proven') {
      const remedy = look.state === 'failed' ? ` ${remedyOf(look)}` : '';
      return { state: 'regressed', message: `${look.clause}: ${target}: ${look.message}.${remedy}` };
    }
    if (isLast) throw unclear(wanted, look);
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * What one look says of something that was proven before.
 * @param isLast what could still pass has had its time
 */
export function verdictOf(look: Look, isLast: boolean): 'holds' | 'regressed' | 'unclear' {
  if (look.state === 'proven') return 'holds';
  if (SAYS_NOTHING.has(look.clause)) return 'unclear';
  if (look.state === 'failed') return 'regressed';
  if (!isLast) return 'unclear';
  const isDegraded = look.clause === 'not-healthy' && /\b(?:Degraded|Missing)\b/.test(look.message);
  return isDegraded || REGRESSED.has(look.clause) ? 'regressed' : 'unclear';
}

function unclear(wanted: ProvenDelivery, look: Look): SystemError {
  const why = look.state === 'proven' ? '' : `${look.clause}: ${look.message}`;
  return new SystemError({
    system: wanted.system,
    operation: 'confirm delivery',
    object: wanted.object,
    kind: 'busy',
    message: `whether it still runs cannot be said now: ${why}`,
    remedy: 'Nothing to do: it is looked at again',
  });
}
