/** Signs checkpoints of the ledger's chain: now and then, every so many entries, and whenever a request ends. */
import type { AnyEntry } from '../domain/ledger.js';
import type { ApiLedger, Checkpoint } from '../ledger/ports.js';
import { signCheckpoint } from '../security/attestation.js';
import type { Signer } from '../security/signer.js';
import { CHECKPOINTS } from './limits.js';
import type { OutboxLog } from './outbox-dispatcher.js';
import type { ProgressFeed } from './progress-feed.js';

type CheckpointLedger = Pick<
  ApiLedger,
  'head' | 'checkpoints' | 'checkpointCovering' | 'appendCheckpoint' | 'entriesAfter'
>;

/** Entries read in one go; the ledger gives no more. */
const READ_AT_ONCE = 1_000;

export class Checkpointer {
  private readonly ledger: CheckpointLedger;
  private readonly signer: Signer;
  private readonly log: OutboxLog;
  private readonly publish: () => Promise<void>;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private seen = 0;
  private unsigned = 0;

  /** @param publish gives what is missing there to a witness outside the database; never throws */
  constructor(
    ledger: CheckpointLedger,
    signer: Signer,
    log: OutboxLog,
    publish: () => Promise<void> = async () => {},
  ) {
    this.ledger = ledger;
    this.signer = signer;
    this.log = log;
    this.publish = publish;
  }

  /** Starts: on time, and on what the feed tells of. */
  start(feed: ProgressFeed): void {
    this.timer ??= setInterval(() => this.later(() => this.signAndPublish()), CHECKPOINTS.everyMs);
    this.later(async () => {
      this.seen = (await this.ledger.head()).seq;
      await this.signAndPublish();
    });
    feed
      .subscribe((seq) => this.later(() => this.signWhenDue(seq)))
      // what ended before anybody listened is not told of
      .then(() => this.later(async () => this.signWhenDue((await this.ledger.head()).seq)))
      .catch((error: unknown) => {
        this.log.warn({ err: error }, 'checkpoints: not told of endings, signing on time only');
      });
  }

  /** Ends after a last checkpoint. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.later(() => this.signAndPublish());
    await this.working;
  }

  /**
   * Signs the chain as it stands, unless that is done already.
   * @returns the checkpoint, or null when there was nothing new
   */
  async sign(): Promise<Checkpoint | null> {
    const { seq, hash, at } = await this.ledger.head();
    const [latest] = await this.ledger.checkpoints(1);
    if (seq === 0 || (latest !== undefined && latest.seq >= seq)) return null;
    const envelope = await signCheckpoint({ version: 1, seq, hash, at }, this.signer);
    const checkpoint = { seq, hash, envelope };
    await this.ledger.appendCheckpoint(checkpoint);
    return checkpoint;
  }

  /** Makes sure that a checkpoint covers an entry, now and not at the next occasion. */
  async cover(seq: number): Promise<void> {
    if ((await this.ledger.checkpointCovering(seq)) !== null) return;
    await this.sign();
    this.later(() => this.publish());
  }

  private async signAndPublish(): Promise<void> {
    await this.sign();
    this.unsigned = 0;
    await this.publish();
  }

  private async signWhenDue(seq: number): Promise<void> {
    let hasEnded = false;
    while (seq > this.seen) {
      const news: readonly AnyEntry[] = await this.ledger.entriesAfter(this.seen, READ_AT_ONCE);
      if (news.length === 0) break;
      this.seen = news.at(-1)?.seq ?? this.seen;
      this.unsigned += news.length;
      hasEnded ||= news.some(({ type }) => type === 'request.ended');
    }
    if (hasEnded || this.unsigned >= CHECKPOINTS.everyEntries) await this.signAndPublish();
  }

  /** One after the other; a failure waits for the next occasion. */
  private later(work: () => Promise<unknown>): void {
    this.working = this.working.then(async () => {
      try {
        await work();
      } catch (error) {
        this.log.warn({ err: error }, 'checkpoints: not signed, trying again later');
      }
    });
  }
}
