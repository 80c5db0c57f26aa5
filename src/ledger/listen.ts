/** LISTEN on appends with a connection of its own, made again when it is lost. */
import pg from 'pg';
import { clientConfig, type LedgerDatabase, ledgerError } from './database.js';
import type { Unlisten } from './ports.js';
import { LISTEN } from './tuning.js';

const CHANNEL = 'gatehouse_ledger';

/**
 * @param onAppend called with position and request id of each append; after a reconnection with the position that
 * `lastSeq` answers and null, since appends were missed meanwhile
 * @returns the end of the subscription, once the first connection listens
 * @throws LedgerUnavailable when the first connection fails
 */
export async function listenToAppends(
  database: LedgerDatabase,
  onAppend: (seq: number, requestId: string | null) => void,
  lastSeq: () => Promise<number>,
): Promise<Unlisten> {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const connect = async (): Promise<void> => {
    const next = new pg.Client(clientConfig(database.options));
    let lost = false;
    const onLoss = (): void => {
      if (lost) return;
      lost = true;
      if (client === next) {
        client = undefined;
        reconnectAfter(LISTEN.baseMs);
      }
    };
    next.on('error', onLoss);
    next.on('end', onLoss);
    next.on('notification', (message) => {
      const news = parse(message.payload);
      if (news !== undefined) onAppend(news.seq, news.requestId);
    });
    try {
      await next.connect();
      await next.query(`listen ${CHANNEL}`);
    } catch (error) {
      await next.end().catch(() => undefined);
      throw ledgerError('listen to the ledger', error);
    }
    if (ended || lost) {
      await next.end().catch(() => undefined);
      if (!ended) reconnectAfter(LISTEN.baseMs);
      return;
    }
    client = next;
  };

  const reconnectAfter = (delayMs: number): void => {
    if (ended) return;
    timer = setTimeout(() => void reconnect(delayMs), delayMs);
    timer.unref();
  };

  const reconnect = async (delayMs: number): Promise<void> => {
    try {
      await connect();
      const seq = await lastSeq();
      if (!ended) onAppend(seq, null);
    } catch {
      // lastSeq can fail while the connection stands; then the next append brings the reader up to date
      if (client === undefined) reconnectAfter(Math.min(delayMs * 2, LISTEN.maxMs));
    }
  };

  await connect();
  return async () => {
    ended = true;
    clearTimeout(timer);
    const last = client;
    client = undefined;
    await last?.end();
  };
}

/** Anybody with a login can notify, so what is not of our form is passed over. */
function parse(payload: string | undefined): { seq: number; requestId: string | null } | undefined {
  const match = /^(\d{1,15}) ([A-Za-z0-9._-]{0,100})$/.exec(payload ?? '');
  if (match === null) return undefined;
  const requestId = match[2];
  return { seq: Number(match[1]), requestId: requestId === undefined || requestId === '' ? null : requestId };
}
