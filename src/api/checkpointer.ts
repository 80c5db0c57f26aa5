/** Signs checkpoints of the ledger's chain: now and then, and whenever a request ends. */
import type { ApiLedger, Checkpoint } from '../ledger/ports.js';
import { signCheckpoint } from '../security/attestation.js';
import type { Signer } from '../security/signer.js';
import { CHECKPOINTS } from './limits.js';
import type { OutboxLog } from './outbox-dispatcher.js';
import type { ProgressFeed } from './progress-feed.js';

type CheckpointLedger = Pick<ApiLedger, 'head' | 'checkpoints' | 'appendCheckpoint' | 'entriesAfter'>;

export class Checkpointer {
  private readonly ledger: CheckpointLedger;
  private readonly signer: Signer;
  private readonly log: OutboxLog;
  private readonly publish: (checkpoint: Checkpoint) => Promise<void>;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private seen = 0;

  /** @param publish gives a checkpoint to witnesses outside the database, e.g. a Git project */
  constructor(
    ledger: CheckpointLedger,
    signer: Signer,
    log: OutboxLog,
    publish: (checkpoint: Checkpoint) => Promise<void> = async () => {},
  ) {
    this.ledger = ledger;
    this.signer = signer;
    this.log = log;
    this.publish = publish;
  }

  /** Starts: on time, and on endings that the feed tells of. */
  start(feed: ProgressFeed): void {
    this.timer ??= setInterval(() => this.later(() => this.sign()), CHECKPOINTS.everyMs);
    this.later(async () => {
      this.seen = (await this.ledger.head()).seq;
    });
    feed
      .subscribe((seq) => this.later(() => this.signWhenEnded(seq)))
      .catch((error: unknown) => {
        this.log.warn({ err: error }, 'checkpoints: not told of endings, signing on time only');
      });
  }

  /** Ends after a last checkpoint. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.later(() => this.sign());
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
    await this.publish(checkpoint);
    return checkpoint;
  }

  private async signWhenEnded(seq: number): Promise<void> {
    if (seq <= this.seen) return;
    const news = await this.ledger.entriesAfter(this.seen, 1_000);
    this.seen = news.at(-1)?.seq ?? this.seen;
    if (news.some(({ type }) => type === 'request.ended')) await this.sign();
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
