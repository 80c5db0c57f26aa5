/** The API's numbers, each with its reason. */

export const LIMITS = {
  /** a manifest of 512 KiB, escaped as a JSON text */
  bodyBytes: 1024 * 1024,
  /** an answer reads one request of a few thousand entries; nothing honest takes longer */
  requestMs: 30_000,
  /** slow senders must not hold connections */
  connectionMs: 20_000,
  /** at the end, calls in hand get this long; readers that do not read are cut off then */
  drainMs: 5_000,
  /** longer than the idle time of usual load balancers, so that they close first */
  keepAliveMs: 72_000,
  /** per caller and minute: a page that polls every second, and a person beside it */
  callsPerMinute: 600,
  /** per address and minute at sign-in: each makes calls to the provider */
  signInsPerMinute: 30,
  /** per caller and minute: somebody who clears a long inbox by program, and no faster */
  decisionsPerMinute: 120,
  /** rows on a page of requests */
  maxPage: 50,
  /** requests that one call for a narrowed list reads: each is a few milliseconds */
  listReads: 500,
  /** a comment or reason is a paragraph */
  maxText: 2_000,
} as const;

export const STREAM = {
  /** proxies close silent connections after 30 s or more */
  heartbeatMs: 15_000,
  /** entries come in bursts while 10 clusters run; people see four changes a second */
  coalesceMs: 250,
  /** then the client comes again with its token, which may have been withdrawn */
  lifetimeMs: 10 * 60_000,
  /** open streams of this process; each is one file handle and one read per burst */
  maxOpen: 200,
  /** of one caller: a few windows and a command line beside them */
  maxPerCaller: 10,
} as const;

export const SESSION = {
  /** a working half-day; gates that want it fresher say so */
  lifetimeSeconds: 4 * 3_600,
  /** time to type a password and find the second factor */
  signInSeconds: 10 * 60,
} as const;

export const REFUSALS = {
  windowMs: 60_000,
  /** different refusals written per window; more are counted together, so nobody can fill the ledger */
  maxPerWindow: 60,
} as const;

export const OUTBOX_DISPATCH = {
  /** claimed in one go; each is one call to Temporal */
  batch: 20,
  /** looked at without being told, in case a notification got lost */
  pollMs: 1_000,
  /** a batch of 5,000 each time keeps up with 8 messages a second, for ever */
  pruneMs: 10 * 60_000,
} as const;

export const SUPERSEDING = {
  /** a request that waits for people ends in seconds; the caller's own time-out is longer */
  waitMs: 15_000,
  /** looked at without being told, in case a notification got lost */
  pollMs: 1_000,
} as const;

export const TURNS = {
  /** requests that may wait for their turn in one environment: more than a day of busy releasing, and nobody reads on */
  mostWaiting: 50,
} as const;

export const HISTORY = {
  /** requests read for one answer; each is one read of the ledger */
  maxRequests: 2_000,
  /** what was asked for before a period may have reached its environment in it, or have been bad until it */
  reachBackMs: 90 * 24 * 3_600_000,
  /** the period when none is named */
  defaultMs: 30 * 24 * 3_600_000,
  /** how many ended promotions of an environment are looked at for what runs there */
  perEnvironment: 20,
} as const;

export const CHECKPOINTS = {
  /** how much of the tail may be cut unnoticed, in time and in entries */
  everyMs: 5 * 60_000,
  everyEntries: 500,
  /** files of one commit at the witness: a backlog is worked off in few calls, each of them small */
  publishedAtOnce: 50,
} as const;

export const DIRECTORY = {
  /** how long the person behind an account is believed: as long as the guard of effects does */
  keepMs: 60_000,
  /** accounts kept at once; more are asked for again */
  maxKept: 5_000,
} as const;

export const TEMPORAL = {
  /** an update waits for the workflow's next task; a busy worker takes seconds */
  updateMs: 10_000,
  /** a readiness check must answer before its caller gives up */
  pingMs: 3_000,
  /** runs below one request that a status looks at: more are never in flight at once by default */
  childrenLookedAt: 10,
  /** how long what was seen of a run is told again: many may watch one request */
  lookKeptMs: 5_000,
  /** how long the readiness of the namespace is told again: probes come every few seconds, from several places */
  fitnessKeptMs: 10_000,
} as const;
