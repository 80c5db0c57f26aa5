/** How long the outside world was at work for one cluster, from what the stand-ins' event logs say. */
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';

/** From and to, in milliseconds since 1970. */
export type Interval = readonly [from: number, to: number];

/** What the stand-ins were told to take for what is no call. */
export interface Delays {
  /** from the start of a sync to Healthy, in milliseconds */
  readonly syncMs: number;
  /** from the login of the deployed stack to CONNECTED, in milliseconds */
  readonly connectMs: number;
}

/** Name of the operation by which the deployed stack signs in at the vendor: it does so as soon as it is healthy. */
const LOGIN = 'component token';

/** One interval per answered call. */
export function callsOf(events: readonly SandboxEvent[]): readonly Interval[] {
  const begun = new Map<number, number>();
  const calls: Interval[] = [];
  for (const event of events) {
    if (event.requestIndex === 0) continue;
    if (event.phase === 'request') begun.set(event.requestIndex, Date.parse(event.at));
    const from = begun.get(event.requestIndex);
    if (event.phase === 'answer' && from !== undefined) calls.push([from, Date.parse(event.at)]);
  }
  return calls;
}

/** The sync that ended with the login of the stack, and the connecting that began with it. */
export function delaysOf(vendorEvents: readonly SandboxEvent[], delays: Delays): readonly Interval[] {
  const login = callsOf(vendorEvents.filter((event) => event.operation === LOGIN)).at(-1);
  if (login === undefined) return [];
  const [from, to] = login;
  return [
    [from - delays.syncMs, from],
    [to, to + delays.connectMs],
  ];
}

/** Length of the union of intervals within a span: what overlaps counts once. */
export function coveredMs(intervals: readonly Interval[], [from, to]: Interval): number {
  let covered = 0;
  let upTo = from;
  for (const [begin, end] of [...intervals].sort((a, b) => a[0] - b[0])) {
    const next = Math.min(end, to);
    if (next <= upTo) continue;
    covered += next - Math.max(begin, upTo);
    upTo = next;
  }
  return covered;
}
