/** One attempt at a notice: what it meets is noted, recipient by recipient. */
import type { Delivery, DeliveryState } from '../../domain/deliveries.js';
import { retryOf, SystemError } from '../../domain/failure.js';
import type { WorkerLedger } from '../../ledger/ports.js';

export class DeliveryAttempt {
  /** the first that passes by itself: the activity is tried again for it */
  trouble: SystemError | undefined;
  private readonly ledger: Pick<WorkerLedger, 'noteDelivery'>;
  private readonly about: Pick<Delivery, 'notice' | 'requestId'>;
  private readonly settled: ReadonlyMap<string, DeliveryState>;
  private readonly signal: AbortSignal;
  /** mailboxes that have the letter: one that several recipients share gets it once */
  private readonly filled = new Set<string>();
  /** trouble of the mail server itself: whoever is next would only meet it again */
  private away: SystemError | undefined;

  /** @param settled how far the notice has come */
  constructor(
    ledger: Pick<WorkerLedger, 'noteDelivery'>,
    { id, requestId }: { readonly id: string; readonly requestId?: string },
    settled: ReadonlyMap<string, DeliveryState>,
    signal: AbortSignal,
  ) {
    this.ledger = ledger;
    this.about = { notice: id, ...(requestId === undefined ? {} : { requestId }) };
    this.settled = settled;
    this.signal = signal;
  }

  /** Tries to reach a recipient once, unless that is settled. */
  async reach(recipient: string, send: () => Promise<unknown>): Promise<void> {
    if (this.isSettled(recipient)) return;
    try {
      await send();
    } catch (error) {
      return await this.noteTrouble(recipient, error);
    }
    await this.note(recipient, 'delivered');
  }

  /** Tries every mailbox of a recipient, who is reached when one of them takes the letter. */
  async reachBy(
    recipient: string,
    mailboxes: ReadonlySet<string>,
    send: (mailbox: string) => Promise<unknown>,
  ): Promise<void> {
    if (this.isSettled(recipient)) return;
    let isReached = false;
    let met: SystemError | undefined;
    for (const mailbox of mailboxes) {
      const key = mailbox.toLowerCase();
      try {
        if (this.away !== undefined) throw this.away;
        if (!this.filled.has(key)) await send(mailbox);
        this.filled.add(key);
        isReached = true;
      } catch (error) {
        this.signal.throwIfAborted();
        if (!(error instanceof SystemError)) throw error;
        if (isOfTheServer(error)) this.away = error;
        // what passes by itself counts more than what does not
        if (met === undefined || !passes(met)) met = error;
      }
    }
    if (isReached) await this.note(recipient, 'delivered');
    else if (met !== undefined) await this.noteTrouble(recipient, met);
    else await this.note(recipient, 'given-up', 'the directory has no mail address of this person');
  }

  /** Reads who is meant; nobody while that cannot be read. */
  async look<T>(recipient: string, read: () => Promise<readonly T[]>): Promise<readonly T[]> {
    try {
      const found = await read();
      if (this.settled.has(recipient)) await this.note(recipient, 'delivered');
      return found;
    } catch (error) {
      await this.noteTrouble(recipient, error);
      return [];
    }
  }

  private isSettled(recipient: string): boolean {
    const state = this.settled.get(recipient);
    return state === 'delivered' || state === 'given-up';
  }

  private async noteTrouble(recipient: string, error: unknown): Promise<void> {
    this.signal.throwIfAborted();
    if (!(error instanceof SystemError)) throw error;
    const { system, message, remedy } = error.trouble;
    await this.note(recipient, passes(error) ? 'waiting' : 'given-up', `${system}: ${message}. ${remedy}`);
    if (passes(error)) this.trouble ??= triedAgain(error);
  }

  private async note(recipient: string, state: DeliveryState, why?: string): Promise<void> {
    await this.ledger.noteDelivery({
      ...this.about,
      recipient,
      state,
      ...(why === undefined ? {} : { why }),
    });
  }
}

/** A credential of ours that does not hold is mended for everybody at once, and then all are told. */
function passes({ trouble: { kind } }: SystemError): boolean {
  return retryOf(kind) !== 'final' || kind === 'unauthenticated';
}

/** It concerns no recipient: the server took no letter at all, or refused our credential. */
function isOfTheServer({ trouble: { kind, status } }: SystemError): boolean {
  return kind === 'unauthenticated' || (kind === 'unavailable' && status === undefined);
}

/** The activity is tried again, whatever the trouble is called elsewhere. */
function triedAgain(error: SystemError): SystemError {
  return retryOf(error.trouble.kind) === 'final'
    ? new SystemError({ ...error.trouble, kind: 'unavailable' })
    : error;
}
