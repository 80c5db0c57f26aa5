/** Lets a newer release take the place of an open promotion, where the path of the open one says so. */
import { supersededBy, supersedingCommandId, whyNotSuperseded } from '../../domain/promotion/superseding.js';
import type { Actor } from '../../domain/request.js';
import type { ApiLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { CommandGiving } from '../command-giving.js';
import { SUPERSEDING } from '../limits.js';
import { Problem } from '../problems.js';
import type { ProgressFeed } from '../progress-feed.js';
import { openRequest } from './refusals.js';
import type { Wanted } from './wanted.js';

export interface SupersedingDependencies {
  readonly ledger: Pick<ApiLedger, 'entriesOf' | 'findOpenByWorkflowId'>;
  readonly giving: CommandGiving;
  readonly feed: ProgressFeed;
}

export class Superseding {
  private readonly deps: SupersedingDependencies;

  constructor(deps: SupersedingDependencies) {
    this.deps = deps;
  }

  /**
   * Cancels the open request in the name of who asks for the newer one, and waits until it has ended.
   * @param newer the request that is to take its place; its id names the command
   * @throws Problem `open-request` when it may not give way, or has not ended in time; `ended` never
   */
  async makeWay(
    wanted: Wanted,
    openId: string,
    newer: { readonly requestId: string; readonly by: Actor },
  ): Promise<void> {
    const { ledger, giving } = this.deps;
    if (wanted.kind !== 'Promotion') throw openRequest(wanted, openId);
    const record = recordOf(await ledger.entriesOf(openId));
    const why = record === null ? undefined : whyNotSuperseded(record);
    if (why !== undefined) throw openRequest(wanted, openId, why);
    try {
      if (record === null || supersededBy(record) === undefined)
        await giving.give(
          {
            requestId: openId,
            workflowId: wanted.workflowId,
            command: 'cancel',
            body: { commandId: supersedingCommandId(newer.requestId), targets: [] },
          },
          newer.by,
        );
    } catch (error) {
      // it ended by itself meanwhile: the place is free
      if (!(error instanceof Problem) || error.problem !== 'ended') throw error;
    }
    if (await this.hasEnded(wanted.workflowId, openId)) return;
    throw openRequest(
      wanted,
      openId,
      'it is being cancelled for this one and has not ended yet',
      `Ask again in a moment; gatehouse status ${openId} says what it still finishes.`,
    );
  }

  private async hasEnded(workflowId: string, openId: string): Promise<boolean> {
    const { ledger, feed } = this.deps;
    const isOver = async (): Promise<boolean> =>
      (await ledger.findOpenByWorkflowId(workflowId))?.requestId !== openId;
    let wake = (): void => {};
    const unsubscribe = await feed.subscribe((_seq, requestId) => {
      if (requestId === null || requestId === openId) wake();
    });
    const deadline = Date.now() + SUPERSEDING.waitMs;
    try {
      for (;;) {
        const news = new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, SUPERSEDING.pollMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        if (await isOver()) return true;
        if (Date.now() >= deadline) return false;
        await news;
      }
    } finally {
      wake();
      unsubscribe();
    }
  }
}
