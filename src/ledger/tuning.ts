/** The ledger's numbers, each with its reason. */

export const DATABASE = {
  /** a worker serves a handful of queues and each append takes milliseconds; more connections only wait for the chain */
  poolSize: 8,
  /** long enough for a busy server, short enough that an activity can try again within its own time */
  connectMs: 5_000,
  /** the slowest statement reads one request of a few thousand entries; a stuck server must not hold a caller for ever */
  statementMs: 15_000,
  /** idle connections are given back: approvals wait for months */
  idleMs: 30_000,
} as const;

export const OUTBOX = {
  /** a claimed message comes back after this time when its claimer died; longer than the longest call to Temporal */
  leaseSeconds: 30,
  /** first delay after a failure; doubled each time */
  baseSeconds: 1,
  /** Temporal down for an hour is noticed again within this time */
  maxSeconds: 60,
  /** a command's caller tells the workflow himself within this time (the API waits 10 s for an answer) */
  commandDelaySeconds: 15,
  /** delivered messages are of use only to whoever looks into trouble of yesterday */
  keepSeconds: 86_400,
  /** removed in one go: a statement of milliseconds */
  pruneBatch: 5_000,
} as const;

export const HOLD = {
  /** a machine that is gone without a word is noticed within 20 s, and the effects that it held go on elsewhere */
  keepaliveSeconds: 5,
  keepaliveCount: 3,
} as const;

export const LISTEN = {
  /** first delay before a lost connection is made again; doubled each time */
  baseMs: 250,
  maxMs: 10_000,
} as const;

/** Entries read in one go when a bundle follows the chain. */
export const PAGE = 1_000;
