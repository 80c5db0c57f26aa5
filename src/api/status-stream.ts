/** One open stream of a request's status. */
import type { Writable } from 'node:stream';
import { STREAM } from './limits.js';
import type { ProgressFeed } from './progress-feed.js';
import type { StatusBody } from './schemas/requests.js';

export interface StatusStreamOptions {
  readonly feed: ProgressFeed;
  readonly requestId: string;
  /**
   * The status now and the position of the request's last entry; null when it is gone. What of the status comes from
   * elsewhere, e.g. a hold, is told by `beside`: another text means another status.
   */
  readonly read: () => Promise<{
    readonly seq: number;
    readonly beside: string;
    readonly status: StatusBody;
  } | null>;
  readonly onTrouble: (error: unknown) => void;
}

export class StatusStream {
  private readonly output: Writable;
  private readonly options: StatusStreamOptions;
  private readonly timers = new Set<NodeJS.Timeout>();
  private unsubscribe: () => void = () => {};
  private sentVersion = '';
  private pending = false;
  private ended = false;

  constructor(output: Writable, options: StatusStreamOptions) {
    this.output = output;
    this.options = options;
  }

  /** Sends the status as it is, then again after every change. */
  async begin(): Promise<void> {
    this.unsubscribe = await this.options.feed.subscribe((_seq, requestId) => {
      if (requestId === null || requestId === this.options.requestId) this.changed();
    });
    if (this.ended) {
      this.unsubscribe();
      return;
    }
    this.timers.add(
      setInterval(() => {
        this.write(': still here\n\n');
        // a lost attempt is no entry of the ledger: nothing calls when it is lost
        this.changed();
      }, STREAM.heartbeatMs),
    );
    this.timers.add(setTimeout(() => this.end(), STREAM.lifetimeMs));
    await this.send();
  }

  /** Ends the stream; more calls do nothing. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.unsubscribe();
    for (const timer of this.timers) clearTimeout(timer);
    this.output.end();
  }

  private changed(): void {
    if (this.pending || this.ended) return;
    this.pending = true;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.pending = false;
      this.send().catch((error: unknown) => {
        this.options.onTrouble(error);
        this.end();
      });
    }, STREAM.coalesceMs);
    this.timers.add(timer);
  }

  private async send(): Promise<void> {
    const now = await this.options.read();
    if (this.ended) return;
    if (now === null) {
      this.end();
      return;
    }
    const version = `${now.seq} ${now.beside}`;
    if (version !== this.sentVersion) {
      this.sentVersion = version;
      this.write(`id: ${now.seq}\nevent: status\ndata: ${JSON.stringify(now.status)}\n\n`);
    }
    if (now.status.endedAt !== undefined) {
      this.write('event: end\ndata: {}\n\n');
      this.end();
    }
  }

  private write(text: string): void {
    if (!this.ended) this.output.write(text);
  }
}
