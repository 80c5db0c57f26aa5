/** How letters and calls to people and programs went, recipient by recipient. Recipients are opaque ids, never addresses. */
import type { WaitingFor } from './status/shapes.js';

/** Names in one line of a status. */
const NAMES_TOLD = 3;

const STATES = ['delivered', 'waiting', 'given-up'] as const;
/** `waiting`: it is tried again by itself; `given-up`: a person must mend what is in the way */
export type DeliveryState = (typeof STATES)[number];

export interface Delivery {
  /** id of the letter or call, the same for every attempt */
  readonly notice: string;
  /** `webhook:<name>`, `person:<id>`, `address:<reference>`, `group:<name>` */
  readonly recipient: string;
  /** unset: it is about no request */
  readonly requestId?: string;
  readonly state: DeliveryState;
  /** what is in the way; no address in it */
  readonly why?: string;
}

export interface Undelivered {
  readonly notice: string;
  readonly recipient: string;
  readonly state: DeliveryState;
  readonly why: string;
  readonly tries: number;
  /** ISO 8601: the last try */
  readonly since: string;
}

/** A word of the ledger as a state; one that is not known is still under way. */
export function deliveryState(word: string): DeliveryState {
  return STATES.find((state) => state === word) ?? 'waiting';
}

/** Law 4 for people who wait to be told: who was not reached, why, and what is next. One line for each way it went. */
export function undeliveredWaiting(
  undelivered: readonly Undelivered[],
  nowMs: number,
): readonly WaitingFor[] {
  const wayOf = ({ state, why }: Undelivered): string => `${state} ${why}`;
  return [...new Set(undelivered.map(wayOf))].flatMap((way) => {
    const same = undelivered.filter((one) => wayOf(one) === way);
    const [newest] = same;
    if (newest === undefined) return [];
    const names = [...new Set(same.map(({ recipient }) => recipient.replace(':', ' ')))];
    const told = names.slice(0, NAMES_TOLD).join(', ');
    const more = names.length > NAMES_TOLD ? ` and ${names.length - NAMES_TOLD} more` : '';
    return [
      {
        condition: `${told}${more} could not be told: ${newest.why}`,
        sinceMs: Math.max(0, nowMs - Math.min(...same.map(({ since }) => Date.parse(since)))),
        who: newest.state === 'waiting' ? 'Gatehouse' : 'an operator',
        next:
          newest.state === 'waiting'
            ? 'it is tried again by itself; everybody else was told'
            : 'the next notice is tried again; everybody else was told',
      },
    ];
  });
}
