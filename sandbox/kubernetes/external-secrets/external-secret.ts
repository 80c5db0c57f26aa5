/**
 * What External Secrets Operator writes into an ExternalSecret and a SecretStore, as pure functions
 * (reference: gitops-objects, section 6; External Secrets Operator 2.9).
 */
import { createHash } from 'node:crypto';
import { type KubeObject, kubeTime } from '../objects.js';

export interface StoreCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface SecretKeyRef {
  readonly name?: string;
  readonly key?: string;
  readonly namespace?: string;
}

export interface SecretStore extends KubeObject {
  readonly spec: {
    readonly provider: {
      readonly azurekv?: {
        readonly vaultUrl: string;
        readonly tenantId?: string;
        readonly authSecretRef?: { readonly clientId?: SecretKeyRef; readonly clientSecret?: SecretKeyRef };
      };
      readonly vault?: {
        readonly server?: string;
        readonly path?: string;
        readonly version?: string;
        readonly namespace?: string;
        readonly caBundle?: string;
        readonly auth?: { readonly tokenSecretRef?: SecretKeyRef };
      };
    };
  };
  readonly status?: { readonly conditions?: readonly StoreCondition[]; readonly capabilities?: string };
}

export interface ExternalSecret extends KubeObject {
  readonly spec: {
    readonly secretStoreRef?: { readonly name?: string; readonly kind?: string };
    readonly target?: { readonly name?: string };
    readonly refreshInterval?: string;
    readonly data?: readonly {
      readonly secretKey: string;
      readonly remoteRef: { readonly key: string; readonly property?: string; readonly version?: string };
    }[];
  };
  readonly status?: {
    readonly conditions?: readonly StoreCondition[];
    readonly refreshTime?: string | null;
    readonly syncedResourceVersion?: string;
    readonly binding?: { readonly name?: string };
  };
}

/** Delay before the n-th try after a failure: doubles from one second to fifteen minutes, whatever refreshInterval says. */
export function backoffMs(failures: number): number {
  const first = 1_000;
  const longest = 15 * 60_000;
  return Math.min(longest, first * 2 ** Math.max(0, failures - 1));
}

/** `generation-hash(labels, annotations)`: changes with the spec and with every annotation, as force-sync needs it. */
export function resourceVersionToSync(object: KubeObject): string {
  const meta = JSON.stringify([object.metadata.annotations ?? {}, object.metadata.labels ?? {}]);
  return `${object.metadata.generation}-${createHash('sha3-224').update(meta).digest('hex')}`;
}

/** `30s`, `1h`, `1h0m0s` in milliseconds; 0 means never again. */
export function durationMs(text: string | undefined): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  if (text === undefined) return 3_600_000;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(amount) * (units[unit ?? 's'] ?? 0);
  }
  return sum;
}

/** When a synced ExternalSecret is read again; `null` = only when it changes. `now` when it was never synced or has changed. */
export function nextRefresh(object: ExternalSecret, now: Date): Date | null {
  const status = object.status;
  if (status?.refreshTime === undefined || status.refreshTime === null) return now;
  if (status.syncedResourceVersion !== resourceVersionToSync(object)) return now;
  const interval = durationMs(object.spec.refreshInterval);
  return interval === 0 ? null : new Date(Date.parse(status.refreshTime) + interval);
}

function conditionsWith(
  conditions: readonly StoreCondition[] | undefined,
  ready: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
  now: Date,
): StoreCondition[] {
  const before = conditions?.find((condition) => condition.type === 'Ready');
  const kept = before?.status === ready.status ? before.lastTransitionTime : undefined;
  return [
    ...(conditions ?? []).filter((condition) => condition.type !== 'Ready'),
    { type: 'Ready', ...ready, lastTransitionTime: kept ?? kubeTime(now) },
  ];
}

/**
 * All values were read and the target Secret is written: Ready, with the time and the version that was synced.
 * @param version what `resourceVersionToSync` gave when the reading began
 */
export function withSynced(object: ExternalSecret, now: Date, version: string): ExternalSecret {
  return {
    ...object,
    status: {
      ...object.status,
      conditions: conditionsWith(
        object.status?.conditions,
        { status: 'True', reason: 'SecretSynced', message: 'secret synced' },
        now,
      ),
      refreshTime: kubeTime(now),
      syncedResourceVersion: version,
      binding: { name: targetName(object) },
    },
  };
}

/** A value could not be read; the last synced Secret and its refreshTime stay as they are. */
export function withSyncError(object: ExternalSecret, message: string, now: Date): ExternalSecret {
  return {
    ...object,
    status: {
      ...object.status,
      conditions: conditionsWith(
        object.status?.conditions,
        { status: 'False', reason: 'SecretSyncedError', message },
        now,
      ),
    },
  };
}

export function withStoreReady(
  store: SecretStore,
  problem: { readonly reason: 'InvalidProviderConfig' | 'ValidationFailed'; readonly message: string } | null,
  now: Date,
): SecretStore {
  const conditions = conditionsWith(
    store.status?.conditions,
    problem === null
      ? { status: 'True', reason: 'Valid', message: 'store validated' }
      : { status: 'False', ...problem },
    now,
  );
  return { ...store, status: { conditions, capabilities: 'ReadWrite' } };
}

export function isReady(object: {
  readonly status?: { readonly conditions?: readonly StoreCondition[] };
}): boolean {
  return (object.status?.conditions ?? []).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
}

export function targetName(object: ExternalSecret): string {
  return object.spec.target?.name ?? object.metadata.name;
}
