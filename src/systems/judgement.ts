/** What a pure judge says of an object that somebody else's controller works on. */
import type { ReadBack } from '../domain/ledger.js';

/** Not there yet: `clause` is the first condition that is not met, the same word each time, for a waiting display. */
export interface Waiting<Clause extends string> {
  readonly state: 'waiting';
  readonly clause: Clause;
  /** one sentence for people */
  readonly message: string;
  /** ISO 8601, since when it has been so, where the object says it */
  readonly since?: string;
}

/** Waiting longer will not help: somebody has to act first. */
export interface Hopeless<Clause extends string> {
  readonly state: 'hopeless';
  readonly clause: Clause;
  readonly message: string;
  /** what that somebody should do */
  readonly remedy: string;
}

/** Met; `readBack` is what the ledger keeps of it. */
export interface Reached<State extends string> {
  readonly state: State;
  readonly readBack: ReadBack;
}

export type Judgement<State extends string, WaitClause extends string, HopelessClause extends string> =
  | Reached<State>
  | Waiting<WaitClause>
  | Hopeless<HopelessClause>;
