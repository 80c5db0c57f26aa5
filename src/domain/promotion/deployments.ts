/** What the ledger says of each change that reached an environment: when, whether it held, and when a bad one was over. */
import { effectKey } from '../plan.js';
import { entriesOfType, type RequestRecord } from '../record.js';
import type { PromotionRequest } from '../request.js';
import { beginsRollback, isRolledBack, isRollingBack, mergedPlaces } from './progress.js';
import { afterRevert, environmentKey, PROMOTION_CHECK, PROMOTION_OBJECT } from './request.js';

/** A promotion that changed what an environment runs. Times in milliseconds since 1970. */
export interface Deployment {
  readonly record: RequestRecord;
  readonly request: PromotionRequest;
  /** when the first place was merged */
  readonly mergedMs: number;
  /** when the release was proven to run in all places that were merged; unset: not, or not yet */
  readonly deliveredMs?: number;
  /** when it was first seen to be bad; unset: it held */
  readonly failedMs?: number;
  /** when the environment was good again, by a rollback or by the next release */
  readonly restoredMs?: number;
}

/**
 * @param records promotions, any order; those that changed nothing are left out
 * @returns the deployments of each environment, oldest first, by `<application>/<environment>`
 */
export function deploymentsOf(records: readonly RequestRecord[]): ReadonlyMap<string, readonly Deployment[]> {
  const byEnvironment = new Map<string, Deployment[]>();
  for (const record of records) {
    const deployment = deploymentOf(record);
    if (deployment === undefined) continue;
    const key = environmentKey(deployment.request.content);
    byEnvironment.set(key, [...(byEnvironment.get(key) ?? []), deployment]);
  }
  return new Map(
    [...byEnvironment].map(([key, found]) => [
      key,
      withRestoration(found.sort((a, b) => a.mergedMs - b.mergedMs)),
    ]),
  );
}

/** A change that only takes an earlier one back: the end of a failure, not a deployment of its own. */
export function isRollback({ request }: Deployment): boolean {
  return request.content.exception === 'rollback';
}

/** When a deployment counts: delivered, else seen to be bad, else ended without either; undefined while it is open. */
export function settledMs({ record, deliveredMs, failedMs }: Deployment): number | undefined {
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  return deliveredMs ?? failedMs ?? (ended === undefined ? undefined : Date.parse(ended.at));
}

function deploymentOf(record: RequestRecord): Deployment | undefined {
  const { request } = record;
  if (request.kind !== 'Promotion') return undefined;
  const places = mergedPlaces(record);
  const mergedMs = entriesOfType(record.entries, 'effect.completed')
    .filter(({ body }) => places.some((place) => body.key === effectKey(place, PROMOTION_OBJECT.merge)))
    .map(({ at }) => Date.parse(at))
    .at(0);
  if (mergedMs === undefined) return undefined;
  const deliveredMs = provenMs(record, request, withoutSkipped(record, places), (check) => check);
  const failedMs = ownFailureMs(record, mergedMs);
  const restoredMs =
    failedMs !== undefined && isRolledBack(record)
      ? provenMs(record, request, places, afterRevert)
      : undefined;
  return {
    record,
    request,
    mergedMs,
    ...(deliveredMs === undefined ? {} : { deliveredMs }),
    ...(failedMs === undefined ? {} : { failedMs }),
    ...(restoredMs === undefined ? {} : { restoredMs }),
  };
}

/** A place that was given up is not waited for. */
function withoutSkipped(record: RequestRecord, places: readonly string[]): readonly string[] {
  const ended = entriesOfType(record.entries, 'target.ended');
  return places.filter(
    (place) => ended.findLast(({ body }) => body.target === place)?.body.outcome !== 'skipped',
  );
}

/** When the last of all deliveries of the places was proven; undefined while one is not. */
function provenMs(
  record: RequestRecord,
  { content }: PromotionRequest,
  places: readonly string[],
  named: (check: string) => string,
): number | undefined {
  const passed = new Map(
    entriesOfType(record.entries, 'check.passed').map(({ body, at }) => [body.key, Date.parse(at)]),
  );
  const times = content.targets
    .filter(({ key }) => places.includes(key))
    .flatMap(({ key, deliveries }) =>
      deliveries.map(({ name }) => passed.get(effectKey(key, named(PROMOTION_CHECK.delivered(name))))),
    );
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 || known.length < times.length ? undefined : Math.max(...known);
}

/** A failure that a retry mended is none; the provider's trouble is not the change's. */
function ownFailureMs(record: RequestRecord, mergedMs: number): number | undefined {
  const ended = entriesOfType(record.entries, 'request.ended').at(-1);
  const isBad =
    isRollingBack(record) || ended?.body.outcome === 'failed' || ended?.body.outcome === 'rolled-back';
  if (!isBad) return undefined;
  const signs = record.entries.flatMap((entry) => {
    const { type, body, at } = entry;
    const isSign =
      (type === 'target.ended' && body.outcome === 'failed' && body.failure?.scope !== 'provider') ||
      beginsRollback(entry, record.requestId);
    return isSign && Date.parse(at) >= mergedMs ? [Date.parse(at)] : [];
  });
  return signs.at(0) ?? (ended === undefined ? undefined : Date.parse(ended.at));
}

/** A rollback shows that the change before it was bad; a good delivery ends every failure before it. */
function withRestoration(deployments: readonly Deployment[]): readonly Deployment[] {
  return deployments.map((deployment, index) => {
    const later = deployments.slice(index + 1);
    const [next] = later;
    const takenBackMs =
      next !== undefined && isRollback(next) && !isRollback(deployment)
        ? Date.parse(next.record.accepted.at)
        : undefined;
    const failedMs = deployment.failedMs ?? takenBackMs;
    if (failedMs === undefined) return deployment;
    const good = later.find((other) => (other.deliveredMs ?? 0) >= failedMs && other.failedMs === undefined);
    const restoredMs = deployment.restoredMs ?? good?.deliveredMs;
    return { ...deployment, failedMs, ...(restoredMs === undefined ? {} : { restoredMs }) };
  });
}
