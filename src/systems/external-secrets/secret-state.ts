/**
 * Decides whether a cluster has taken over the version of a secret that we wrote to the vault. "Ready" alone may be of the
 * version before (reference: gitops-objects, section 6). Pure: no clock, no calls, and no secret value.
 */
import type { Judgement } from '../judgement.js';
import type { Condition, ExternalSecret, SecretStoreObject } from './external-secret.js';

export interface SecretExpectation {
  /** ISO 8601, when the vault took our version: the operator must have read after it */
  readonly writtenAt: string;
}

export type SecretWait =
  | 'store-missing'
  | 'store-not-ready'
  | 'external-secret-missing'
  | 'never-synced'
  | 'read-failed'
  | 'source-missing'
  | 'read-too-early'
  | 'older-generation';

export type SecretHopeless =
  | 'external-secret-deleted'
  | 'store-deleted'
  | 'store-invalid'
  | 'reads-only-once';

export type SecretJudgement = Judgement<'ready', SecretWait, SecretHopeless>;

/**
 * Judges one reading of an ExternalSecret with its store. Whoever waits bounds the time: after early failures the
 * operator backs off for minutes, and `read-failed`, `read-too-early` and `older-generation` that last want a forced sync.
 *
 * @param secret null when it does not exist (yet)
 * @param store the store that it names, null when that does not exist, undefined when it was not read
 */
export function judgeExternalSecret(
  secret: ExternalSecret | null,
  store: SecretStoreObject | null | undefined,
  expectation: SecretExpectation,
): SecretJudgement {
  if (secret === null) {
    return waiting(
      'external-secret-missing',
      'the ExternalSecret does not exist yet: it comes with the sync',
      undefined,
    );
  }
  return (
    judgeStore(secret, store) ??
    judgeObject(secret, expectation) ??
    judgeReady(secret) ??
    judgeVersion(secret, expectation) ?? {
      state: 'ready',
      readBack: {
        externalSecret: secret.metadata.name,
        refreshTime: secret.status?.refreshTime ?? '',
        syncedResourceVersion: secret.status?.syncedResourceVersion ?? '',
        secret: secret.status?.binding?.name ?? '',
      },
    }
  );
}

function judgeStore(
  secret: ExternalSecret,
  store: SecretStoreObject | null | undefined,
): SecretJudgement | undefined {
  if (store === undefined) return undefined;
  const name = secret.spec.secretStoreRef?.name ?? '?';
  if (store === null) return waiting('store-missing', `the store ${name} does not exist yet`, undefined);
  if (store.metadata.deletionTimestamp !== undefined) {
    return hopeless(
      'store-deleted',
      `the store ${name} is being deleted`,
      'Create the store again, then retry.',
    );
  }
  const ready = conditionOf(store.status?.conditions, 'Ready');
  if (ready?.status === 'True') return undefined;
  const reason = ready === undefined ? 'not checked yet' : said(ready);
  if (ready?.reason === 'InvalidStoreConfiguration') {
    return hopeless(
      'store-invalid',
      `the store ${name} is not valid: ${reason}`,
      'Correct the SecretStore, wait until it is Ready, then retry.',
    );
  }
  return waiting('store-not-ready', `the store ${name} is not ready: ${reason}`, ready?.lastTransitionTime);
}

function judgeObject(secret: ExternalSecret, expectation: SecretExpectation): SecretJudgement | undefined {
  const { refreshTime } = secret.status ?? {};
  if (secret.metadata.deletionTimestamp !== undefined) {
    return hopeless(
      'external-secret-deleted',
      `it has been deleted since ${secret.metadata.deletionTimestamp}`,
      'Find out who deletes it (often a pruning sync), create it again, then retry.',
    );
  }
  if (
    secret.spec.refreshPolicy === 'CreatedOnce' &&
    isSet(refreshTime) &&
    !isAfter(refreshTime, expectation.writtenAt)
  ) {
    return hopeless(
      'reads-only-once',
      'it was read before our version was written, and refreshPolicy CreatedOnce never reads again',
      'Set refreshPolicy to Periodic or OnChange, then retry.',
    );
  }
  return undefined;
}

function judgeReady(secret: ExternalSecret): SecretJudgement | undefined {
  const conditions = secret.status?.conditions;
  const deleted = conditionOf(conditions, 'Deleted');
  if (deleted?.status === 'True') {
    return waiting(
      'source-missing',
      `the operator found no secret at the source: ${said(deleted)}`,
      deleted.lastTransitionTime,
    );
  }
  const ready = conditionOf(conditions, 'Ready');
  if (ready === undefined) return waiting('never-synced', 'the operator has not looked at it yet', undefined);
  if (ready.status === 'True' && ready.reason === 'SecretSynced') return undefined;
  return waiting('read-failed', said(ready), ready.lastTransitionTime);
}

function judgeVersion(secret: ExternalSecret, expectation: SecretExpectation): SecretJudgement | undefined {
  const { refreshTime, syncedResourceVersion } = secret.status ?? {};
  // times have whole seconds, so one that is not later may be of a read that came before the write
  if (!isSet(refreshTime) || !isAfter(refreshTime, expectation.writtenAt)) {
    return waiting(
      'read-too-early',
      `the operator last read at ${refreshTime ?? 'no time'}, our version was written at ${expectation.writtenAt}`,
      expectation.writtenAt,
    );
  }
  const { generation } = secret.metadata;
  // the field is `<generation>-<hash of labels and annotations>`
  if (generation !== undefined && syncedResourceVersion?.startsWith(`${generation}-`) !== true) {
    return waiting(
      'older-generation',
      `the operator has synced ${syncedResourceVersion ?? 'nothing'}, the object is at generation ${generation}`,
      refreshTime,
    );
  }
  return undefined;
}

function conditionOf(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Reason and message of a condition; providers put request ids and whole answers into messages, so only their start. */
function said(condition: Condition): string {
  const message = (condition.message ?? '').replace(/\s+/g, ' ').trim();
  const shown = message.length <= 200 ? message : `${message.slice(0, 199)}…`;
  return [condition.reason ?? condition.status, shown].filter((part) => part !== '').join(': ');
}

function waiting(clause: SecretWait, message: string, since: string | undefined): SecretJudgement {
  return { state: 'waiting', clause, message, ...(since === undefined ? {} : { since }) };
}

function hopeless(clause: SecretHopeless, message: string, remedy: string): SecretJudgement {
  return { state: 'hopeless', clause, message, remedy };
}

function isSet(time: string | null | undefined): time is string {
  return time !== undefined && time !== null && time !== '';
}

function isAfter(time: string, other: string): boolean {
  return Date.parse(time) > Date.parse(other);
}
