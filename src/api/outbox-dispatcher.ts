/** Carries the outbox to Temporal: at least once, in order per request, also after a crash of this process. */
import { WORKFLOW_TYPE } from '../domain/messages.js';
import { workflowIdOf } from '../domain/request.js';
import type { ApiLedger, OutboxItem } from '../ledger/ports.js';
import { CommandDelivery, type CommandForWorkflow } from './command-delivery.js';
import { OUTBOX_DISPATCH } from './limits.js';
import { type OutboxNews, readMessage } from './outbox-messages.js';
import type { WorkflowPort } from './ports.js';
import type { ProgressFeed } from './progress-feed.js';

export interface OutboxLog {
  warn(facts: object, message: string): void;
}

type OutboxLedger = Pick<
  ApiLedger,
  'claimOutbox' | 'outboxDelivered' | 'outboxFailed' | 'pruneOutbox' | 'entriesOf'
>;

/** A workflow did not answer a command; it is told again. */
class CommandUnanswered extends Error {
  override readonly name = 'CommandUnanswered';
}

export class OutboxDispatcher {
  private readonly ledger: OutboxLedger;
  private readonly workflows: WorkflowPort;
  private readonly delivery: CommandDelivery;
  private readonly log: OutboxLog;
  private running: Promise<void> | undefined;
  private stopped = false;
  private wake: () => void = () => {};
  private woken = false;
  private pruning: NodeJS.Timeout | undefined;

  constructor(ledger: OutboxLedger, workflows: WorkflowPort, log: OutboxLog) {
    this.ledger = ledger;
    this.workflows = workflows;
    this.delivery = new CommandDelivery(ledger, workflows);
    this.log = log;
  }

  /** Starts carrying, told of news by the feed and looking by itself as well; clears away what was delivered long ago. */
  start(feed: ProgressFeed): void {
    this.running ??= this.run();
    this.pruning ??= setInterval(() => this.prune(), OUTBOX_DISPATCH.pruneMs);
    feed
      .subscribe(() => this.lookNow())
      .catch((error: unknown) => {
        this.log.warn({ err: error }, 'outbox: not told of news, looking every second');
      });
  }

  /** Looks without waiting for the next turn. */
  lookNow(): void {
    this.woken = true;
    this.wake();
  }

  /** Ends after the messages in hand. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.pruning);
    this.lookNow();
    await this.running;
  }

  /**
   * Delivers what is due now.
   * @returns how many messages were taken
   * @throws LedgerUnavailable
   */
  async deliverDue(): Promise<number> {
    const items = await this.ledger.claimOutbox(OUTBOX_DISPATCH.batch);
    // messages of one request come one at a time, so these are of different requests
    await Promise.all(items.map((item) => this.deliver(item)));
    return items.length;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.woken = false;
      try {
        if ((await this.deliverDue()) > 0) continue;
      } catch (error) {
        this.log.warn({ err: error }, 'outbox: the ledger does not answer, trying again');
      }
      await this.pause();
    }
  }

  private pause(): Promise<void> {
    if (this.woken || this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, OUTBOX_DISPATCH.pollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async deliver(item: OutboxItem): Promise<void> {
    try {
      await this.tell(readMessage(item));
    } catch (error) {
      // names only: messages of client libraries may carry what they sent
      const name = error instanceof Error ? error.name : 'unknown';
      this.log.warn(
        { requestId: item.requestId, attempts: item.attempts, error: name },
        'outbox: not delivered',
      );
      await this.ledger.outboxFailed(item.id, name);
      return;
    }
    await this.ledger.outboxDelivered(item.id);
  }

  private async tell(news: OutboxNews): Promise<void> {
    switch (news.kind) {
      case 'start':
        return this.workflows.start(news.body.workflowId, news.body.workflowType, news.body.requestId);
      case 'decision': {
        const { workflowId, jti, envelope } = news.body;
        return this.workflows.notify(workflowId, { jti, envelope });
      }
      case 'command':
        return this.command(news.body);
      case 'revocation':
        // the ledger says why: a cancelled run of a revoked request ends as revoked
        return this.command({
          ...news.body,
          command: 'cancel',
          body: { commandId: `revoke.${news.body.requestId}`, targets: [] },
        });
      case 'end': {
        const { requestId } = news.body;
        return this.workflows.start(workflowIdOf.endNotice(requestId), WORKFLOW_TYPE.endNotice, requestId);
      }
      case 'news':
        for (const workflowId of news.body.workflowIds) await this.workflows.tellNews(workflowId);
        return;
    }
  }

  /** A command that the workflow refuses, or that comes after the end, has been delivered all the same. */
  private async command(item: CommandForWorkflow): Promise<void> {
    const { state } = await this.delivery.deliver(item);
    if (state === 'unavailable') throw new CommandUnanswered('no answer in time');
  }

  private prune(): void {
    this.ledger.pruneOutbox().catch((error: unknown) => {
      this.log.warn({ err: error }, 'outbox: what was delivered is not cleared away, trying again later');
    });
  }
}
