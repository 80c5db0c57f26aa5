/**
 * Promotions in shadow: nothing is changed anywhere and nobody is asked. What would have been done stands in the plan; what
 * it would have waited for is noted, and when people bring the same content themselves its delivery is judged.
 */
import type { ReadBack } from '../ledger.js';
import { currentPlan, lastPassed, type RequestRecord } from '../record.js';
import { changedPlaces } from './progress.js';

/** Checks of a promotion in shadow, the object part of their keys. */
export const SHADOW_CHECK = {
  /** what would have kept the change from being merged */
  forecast: 'shadow/forecast',
  /** somebody brought the planned content */
  arrived: 'shadow/arrived',
  /** how its delivery went: proven, or why it would have failed */
  delivered: (delivery: string): string => `shadow/delivered/${delivery}`,
} as const;

/** How long somebody is given to bring the content by hand, in milliseconds. */
export const SHADOW_PATIENCE_MS = 14 * 24 * 3_600_000;

export interface ShadowPlace {
  /** key, `<application>/<environment>/<place>` */
  readonly place: string;
  /** files that would have been written */
  readonly files: readonly string[];
  /** what would have kept it from being merged when it was planned; unset: nothing, or not looked at yet */
  readonly heldBy?: string;
  /** the commit with the planned content, brought by hand; unset: nobody has */
  readonly arrived?: { readonly commit: string; readonly at: string };
  readonly deliveries: readonly {
    readonly name: string;
    readonly outcome: 'pending' | 'proven' | 'failed';
    /** clause by clause, what was waited for and how long; or why it would have failed */
    readonly message?: string;
  }[];
}

export interface ShadowReport {
  /** gates that would have been opened, and whom they would have asked */
  readonly gates: readonly { readonly gate: string; readonly group: string; readonly need: number }[];
  readonly changeRecord: boolean;
  /** checks that would have been run; they are not, since they may change something */
  readonly checks: readonly string[];
  readonly places: readonly ShadowPlace[];
}

export function isShadow({ request }: Pick<RequestRecord, 'request'>): boolean {
  return request.kind === 'Promotion' && request.content.shadow === true;
}

/** @returns undefined for a request that is not in shadow, and while nothing is planned */
export function shadowReport(record: RequestRecord): ShadowReport | undefined {
  const { request, policy } = record;
  const plan = currentPlan(record)?.plan.promotion;
  if (request.kind !== 'Promotion' || !isShadow(record) || plan === undefined) return undefined;
  const changed = changedPlaces(record);
  const { rules, targets } = request.content;
  const isHigh = plan.risk.level === 'high';
  return {
    gates:
      changed.length === 0
        ? []
        : policy.spec.gates.map(({ name, approvers: { group, need, needAtHighRisk } }) => ({
            gate: name,
            group,
            need: isHigh ? (needAtHighRisk ?? need) : need,
          })),
    changeRecord: rules.changeRecord && changed.length > 0,
    checks: rules.checks.map(({ name }) => name),
    places: targets
      .filter(({ key }) => changed.includes(key))
      .map(({ key, deliveries }) => {
        const heldBy = textOf(lastPassed(record, key, SHADOW_CHECK.forecast)?.body.readBack, 'heldBy');
        const arrived = lastPassed(record, key, SHADOW_CHECK.arrived);
        return {
          place: key,
          files: (plan.places.find(({ place }) => place === key)?.files ?? []).map(({ path }) => path),
          ...(heldBy === '' ? {} : { heldBy }),
          ...(arrived === undefined
            ? {}
            : { arrived: { commit: textOf(arrived.body.readBack, 'commit'), at: arrived.at } }),
          deliveries: deliveries.map(({ name }) => {
            const found = lastPassed(record, key, SHADOW_CHECK.delivered(name))?.body.readBack;
            const message = textOf(found, 'message');
            const outcome =
              found === undefined ? 'pending' : textOf(found, 'outcome') === 'proven' ? 'proven' : 'failed';
            return { name, outcome, ...(message === '' ? {} : { message }) } as const;
          }),
        };
      }),
  };
}

/** One line: how it ended, for a report and a mail. */
export function describeShadow({ gates, changeRecord, places }: ShadowReport): string {
  if (places.length === 0) return 'in shadow: nothing would have been changed';
  const files = places.reduce((sum, { files: some }) => sum + some.length, 0);
  const asked = gates.map(({ gate, group, need }) => `${gate} (${need} of ${group})`).join(', ');
  const held = places.filter(({ heldBy }) => heldBy !== undefined).length;
  const arrived = places.filter((place) => place.arrived !== undefined).length;
  const deliveries = places.flatMap(({ deliveries: all }) => all);
  const proven = deliveries.filter(({ outcome }) => outcome === 'proven').length;
  const failed = deliveries.filter(({ outcome }) => outcome === 'failed').length;
  return [
    `in shadow: would have asked ${asked}`,
    ...(changeRecord ? ['opened a change record'] : []),
    `changed ${files} files in ${places.length} places, ${held} of them held by a window, freeze or hold`,
    `brought by hand in ${arrived}`,
    `deliveries proven: ${proven} of ${deliveries.length}${failed === 0 ? '' : `, would have failed: ${failed}`}`,
  ].join('; ');
}

function textOf(readBack: ReadBack | undefined, name: string): string {
  const value = readBack?.[name];
  return typeof value === 'string' ? value : '';
}
