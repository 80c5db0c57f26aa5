/**
 * The four DORA figures of promotions, and where the time went: waiting for people apart from working. Out of the ledger
 * alone, so that nobody has to report them.
 */
import { entriesOfType, type RequestRecord } from '../record.js';
import { deriveStatus } from '../status/request-status.js';
import type { StageTime } from '../status/shapes.js';
import { type Deployment, deploymentsOf, isRollback, settledMs } from './deployments.js';
import { environmentKey } from './request.js';

const DAY_MS = 86_400_000;

/** From, included, to, not included; milliseconds since 1970. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long something took, in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
}

export interface GroupWaiting extends Spread {
  readonly group: string;
}

export interface PromotionFigures {
  readonly application: string;
  readonly environment: string;
  /** changes that reached the environment in the period; rollbacks are none */
  readonly deployments: number;
  readonly deploymentsPerDay: number;
  /** from acceptance to the proof that the release runs; unset: none was delivered */
  readonly leadTime?: { readonly total: Spread; readonly waiting: Spread; readonly working: Spread };
  readonly changeFailures: number;
  /** 0 to 1; unset: no deployment */
  readonly changeFailureRate?: number;
  /** from the first sign of a failure to the next good delivery; unset: nothing had to be restored */
  readonly timeToRestore?: Spread;
  /** failures that nothing has ended yet */
  readonly unrestored: number;
  /** gates that were decided in the period, by the group that was waited for */
  readonly waitingByGroup: readonly GroupWaiting[];
}

/**
 * @param records promotions, any order. Give those before and after the period too: what ends a failure may come later
 * @param period which deployments, failures and decisions count
 * @returns one for each environment in which something happened in the period, by application and environment
 */
export function promotionFigures(
  records: readonly RequestRecord[],
  period: Period,
  nowMs: number,
): readonly PromotionFigures[] {
  const deployments = deploymentsOf(records);
  const waits = waitsOf(records, period, nowMs);
  return [...new Set([...deployments.keys(), ...waits.keys()])].sort().flatMap((key) => {
    const figures = figuresOf(key, deployments.get(key) ?? [], waits.get(key) ?? [], period);
    const isQuiet = figures.deployments === 0 && figures.waitingByGroup.length === 0;
    return isQuiet ? [] : [figures];
  });
}

function figuresOf(
  key: string,
  all: readonly Deployment[],
  waits: readonly StageTime[],
  period: Period,
): PromotionFigures {
  const deployments = all.filter(
    (deployment) => !isRollback(deployment) && isWithin(settledMs(deployment), period),
  );
  const failed = deployments.filter(({ failedMs }) => failedMs !== undefined);
  const restored = failed.flatMap(({ failedMs, restoredMs }) =>
    failedMs === undefined || restoredMs === undefined ? [] : [Math.max(0, restoredMs - failedMs)],
  );
  const leads = deployments.flatMap((deployment) => leadTimeOf(deployment) ?? []);
  const total = spreadOf(leads.map(({ totalMs }) => totalMs));
  const waiting = spreadOf(leads.map(({ waitedMs }) => waitedMs));
  const working = spreadOf(leads.map(({ workedMs }) => workedMs));
  const timeToRestore = spreadOf(restored);
  const [application = '', environment = ''] = key.split('/');
  return {
    application,
    environment,
    deployments: deployments.length,
    deploymentsPerDay: deployments.length / ((period.toMs - period.fromMs) / DAY_MS),
    ...(total === undefined || waiting === undefined || working === undefined
      ? {}
      : { leadTime: { total, waiting, working } }),
    changeFailures: failed.length,
    ...(deployments.length === 0 ? {} : { changeFailureRate: failed.length / deployments.length }),
    ...(timeToRestore === undefined ? {} : { timeToRestore }),
    unrestored: failed.length - restored.length,
    waitingByGroup: byGroup(waits),
  };
}

function isWithin(atMs: number | undefined, { fromMs, toMs }: Period): boolean {
  return atMs !== undefined && atMs >= fromMs && atMs < toMs;
}

interface LeadTime {
  readonly totalMs: number;
  readonly waitedMs: number;
  readonly workedMs: number;
}

/** The record as it stood when the release was delivered: soak and reviews come after and are no part of the lead time. */
function leadTimeOf({ record, deliveredMs }: Deployment): LeadTime | undefined {
  if (deliveredMs === undefined) return undefined;
  const isBefore = ({ at }: { readonly at: string }): boolean => Date.parse(at) <= deliveredMs;
  const then: RequestRecord = {
    ...record,
    entries: record.entries.filter(isBefore),
    plans: record.plans.filter(isBefore),
  };
  const { waitedMs, workedMs } = deriveStatus(then, [], deliveredMs).times;
  return { totalMs: deliveredMs - Date.parse(record.accepted.at), waitedMs, workedMs };
}

/** Gates that were closed in the period, by environment. */
function waitsOf(
  records: readonly RequestRecord[],
  period: Period,
  nowMs: number,
): ReadonlyMap<string, readonly StageTime[]> {
  const waits = new Map<string, readonly StageTime[]>();
  for (const record of records) {
    if (record.request.kind !== 'Promotion') continue;
    if (entriesOfType(record.entries, 'gate.closed').length === 0) continue;
    const found = deriveStatus(record, [], nowMs).times.stages.filter(
      ({ group, to }) => group !== undefined && to !== undefined && isWithin(Date.parse(to), period),
    );
    if (found.length === 0) continue;
    const key = environmentKey(record.request.content);
    waits.set(key, [...(waits.get(key) ?? []), ...found]);
  }
  return waits;
}

function byGroup(waits: readonly StageTime[]): readonly GroupWaiting[] {
  const groups = [...new Set(waits.flatMap(({ group }) => group ?? []))].sort();
  return groups.flatMap((group) => {
    const spread = spreadOf(waits.filter((wait) => wait.group === group).map(({ ms }) => ms));
    return spread === undefined ? [] : [{ group, ...spread }];
  });
}

/** Percentiles by nearest rank: each is a time that somebody really waited. */
function spreadOf(times: readonly number[]): Spread | undefined {
  const sorted = [...times].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? undefined : { count: sorted.length, p50Ms: rank(0.5), p90Ms: rank(0.9) };
}
