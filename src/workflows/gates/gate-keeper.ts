/**
 * Keeps the gates of one request: notes what messages tell, lets the ledger judge, sleeps until news or the next due
 * time. Handlers only record, so nothing that comes too early is refused, and a reset loses nothing (design, section 4).
 */
import { condition, log } from '@temporalio/workflow';
import type { GateNotice, GatesResult } from '../../activities/contracts.js';
import type { CarriedMessages } from '../../domain/messages.js';
import type { Activities } from '../activity-options.js';

/** More messages than this between two looks at the ledger are only counted: a flood must not grow the state. */
const MAX_NOTED = 500;

export class GateKeeper {
  private readonly noticed = new Set<string>();
  /** told of and judged in this run: once more is a replay */
  private readonly judged = new Set<string>();
  private readonly sending = new Set<string>();
  private repeated = 0;
  private undecodable = 0;
  private dropped: number;
  private cancelled = false;
  private readonly requestId: string;
  private readonly activities: Pick<Activities, 'ledger' | 'notifications'>;

  /** @param carried what an earlier run was told and did not ask the ledger about */
  constructor(
    requestId: string,
    activities: Pick<Activities, 'ledger' | 'notifications'>,
    carried: Partial<CarriedMessages> = {},
  ) {
    this.requestId = requestId;
    this.activities = activities;
    this.dropped = carried.droppedMessages ?? 0;
    // the input of a run may come from anybody
    if (Array.isArray(carried.noticed)) for (const jti of carried.noticed) this.noteDecision({ jti });
  }

  /** Handler of the decision signal. Takes anything and never throws: whoever may write to the namespace may send it. */
  noteDecision(message: unknown): void {
    const jti = jtiOf(message);
    if (jti === undefined) this.undecodable += 1;
    else if (this.noticed.has(jti) || this.judged.has(jti)) this.repeated += 1;
    else if (this.noticed.size >= MAX_NOTED) this.dropped += 1;
    else this.noticed.add(jti);
  }

  /** Handler of a command that is none. */
  noteUnreadable(): void {
    this.undecodable += 1;
  }

  cancel(): void {
    this.cancelled = true;
  }

  /** What the next run has to ask the ledger about. */
  get unjudged(): CarriedMessages {
    return {
      noticed: [...this.noticed],
      droppedMessages: this.dropped + this.repeated + this.undecodable,
    };
  }

  /** Something came that the ledger has not been asked about. */
  get hasNews(): boolean {
    return this.noticed.size > 0 || this.repeated > 0 || this.undecodable > 0 || this.dropped > 0;
  }

  /**
   * Asks the ledger to judge once, and sends what notices fall due.
   * @returns the ledger's answer
   */
  async judge(): Promise<GatesResult> {
    const noticed = [...this.noticed];
    const { repeated, undecodable, dropped } = this;
    this.noticed.clear();
    for (const jti of noticed) if (this.judged.size < MAX_NOTED) this.judged.add(jti);
    this.repeated = 0;
    this.undecodable = 0;
    this.dropped = 0;
    const result = await this.activities.ledger.advanceGates({
      requestId: this.requestId,
      nowMs: Date.now(),
      noticed,
      repeated,
      undecodable,
      dropped,
    });
    for (const notice of result.notices) this.send(notice);
    return result;
  }

  /** Sleeps until a message comes, a reminder or deadline falls due, the request is cancelled or `interrupted` holds. */
  async sleepUntilNews(wakeAtMs: number | undefined, interrupted: () => boolean): Promise<void> {
    const news = (): boolean => this.hasNews || this.cancelled || interrupted();
    if (wakeAtMs === undefined) await condition(news);
    else await condition(news, Math.max(1, wakeAtMs - Date.now()));
  }

  /** Mail and chat never hold a gate up: a notice is sent beside the waiting, and again if it was lost. */
  private send(notice: GateNotice): void {
    const key = `${notice.epoch}/${notice.gate}/${notice.kind}/${notice.number}`;
    if (this.sending.has(key)) return;
    this.sending.add(key);
    this.activities.notifications.notifyGate({ requestId: this.requestId, notice }).then(
      () => undefined,
      (error: unknown) => {
        this.sending.delete(key);
        log.warn('a notice could not be sent', { gate: notice.gate, kind: notice.kind, error });
      },
    );
  }
}

function jtiOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('jti' in message)) return undefined;
  const { jti } = message;
  return typeof jti === 'string' && jti.length > 0 && jti.length <= 64 ? jti : undefined;
}
