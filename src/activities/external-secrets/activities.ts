/** Activities on the queue `external-secrets`. */
import { effectKey } from '../../domain/plan.js';
import { entriesOfType } from '../../domain/record.js';
import type { ClusterTarget } from '../../domain/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { ExternalSecrets } from '../../systems/external-secrets/external-secrets.js';
import { judgeExternalSecret } from '../../systems/external-secrets/secret-state.js';
import type { ExternalSecretsActivities } from '../contracts.js';
import type { EffectGuard } from '../guard/effect-guard.js';
import { WaitNotes } from '../wait-notes.js';
import { type Look, waitFor } from '../waiting.js';

/** The operator backs off for minutes after an early failure: make it read again after this long, in milliseconds. */
const FORCE_AGAIN_MS = 5_000;

/** The check that the wait becomes. */
const EXTERNAL_SECRET = 'external-secret';

export interface ExternalSecretsActivityDeps {
  readonly ledger: WorkerLedger;
  readonly guard: EffectGuard;
  readonly externalSecretsOf: (target: ClusterTarget['externalSecret']) => ExternalSecrets;
  /** of the installation: an input may ask for less, never for more */
  readonly waitAtMostMs: number;
}

export function createExternalSecretsActivities(
  deps: ExternalSecretsActivityDeps,
): ExternalSecretsActivities {
  return {
    async waitForExternalSecret(input) {
      const { verified, target } = await deps.guard.permitted(input);
      await deps.guard.readBackOf(verified.record, input, 'integration');
      const key = effectKey(input.target, 'integration');
      const stored = entriesOfType(verified.record.entries, 'effect.completed').findLast(
        (entry) => entry.body.key === key,
      );
      const watch = new SecretWatch(
        deps.externalSecretsOf(target.externalSecret),
        target.externalSecret,
        wholeSecond(stored?.at ?? new Date().toISOString()),
      );
      const readBack = await waitFor(
        {
          system: 'external-secrets',
          operation: 'wait for secret',
          object: `${target.externalSecret.namespace}/${target.externalSecret.name} on ${target.key}`,
          maxWaitMs: Math.min(input.maxWaitMs, deps.waitAtMostMs),
          remedy: 'Look at the ExternalSecret and its store in the cluster, then retry',
          notes: new WaitNotes(deps.ledger, { ...input, step: EXTERNAL_SECRET }),
        },
        (signal) => watch.look(signal),
      );
      await deps.ledger.passCheck(input.requestId, {
        key: effectKey(input.target, EXTERNAL_SECRET),
        system: 'external-secrets',
        readBack,
      });
      return { readBack };
    },
  };
}

class SecretWatch {
  private readonly client: ExternalSecrets;
  private readonly target: ClusterTarget['externalSecret'];
  private readonly writtenAt: string;
  private forcedMs = Number.NEGATIVE_INFINITY;

  constructor(client: ExternalSecrets, target: ClusterTarget['externalSecret'], writtenAt: string) {
    this.client = client;
    this.target = target;
    this.writtenAt = writtenAt;
  }

  async look(signal: AbortSignal): Promise<Look> {
    const { namespace, name } = this.target;
    const secret = await this.client.read(namespace, name, signal);
    const store = secret === null ? undefined : await this.client.readStoreOf(secret, signal);
    const judgement = judgeExternalSecret(secret, store, { writtenAt: this.writtenAt });
    switch (judgement.state) {
      case 'ready':
        return { state: 'reached', readBack: judgement.readBack };
      case 'hopeless':
        return judgement;
      case 'waiting':
        if (secret !== null) await this.force(signal);
        return { state: 'waiting', clause: `${judgement.clause}: ${judgement.message}` };
    }
  }

  private async force(signal: AbortSignal): Promise<void> {
    const nowMs = Date.now();
    if (nowMs - this.forcedMs < FORCE_AGAIN_MS) return;
    this.forcedMs = nowMs;
    await this.client.forceSync(this.target.namespace, this.target.name, String(nowMs), signal);
  }
}

/** Kubernetes counts whole seconds: a read in the second of our write counts as after it. */
function wholeSecond(iso: string): string {
  return new Date(Math.floor(Date.parse(iso) / 1000) * 1000).toISOString();
}
