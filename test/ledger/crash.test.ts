/** Postgres is killed in the middle of appends: what it confirmed is there, and the chain is whole. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, postgresServer } from '../../sandbox/stack/postgres.js';
import { verifyChain } from '../../src/ledger/chain.js';
import { LedgerUnavailable } from '../../src/ledger/errors.js';
import type { ReservationResult } from '../../src/ledger/ports.js';
import { acceptInput, decisionBody, newId, permitted, reserve, vote, waiting } from './fixtures.js';
import { type FreshLedger, freshLedger, openLedger } from './fresh-ledger.js';

let server: PostgresServer;
let ledger: FreshLedger;
beforeAll(async () => {
  server = await postgresServer({ own: true });
  ledger = await freshLedger(await server.createDatabase('crash'));
});
afterAll(async () => {
  await ledger.close();
  await server.dispose();
});

/** The error of a call, or nothing. */
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('kill -9 of Postgres in the middle', () => {
  it('leaves a whole chain with everything that was confirmed', async () => {
    const confirmed: string[] = [];
    const failures: unknown[] = [];
    let going = true;
    const append = async (): Promise<void> => {
      while (going) {
        const requestId = newId();
        try {
          await ledger.api.acceptRequest(acceptInput(requestId));
          confirmed.push(requestId);
        } catch (error) {
          failures.push(error);
          return;
        }
      }
    };
    const appenders = Array.from({ length: 8 }, append);
    await expect.poll(() => confirmed.length, { interval: 5, timeout: 30_000 }).toBeGreaterThan(40);
    await server.stop('SIGKILL');
    await Promise.all(appenders);
    going = false;
    expect(failures).toHaveLength(8);
    for (const failure of failures) expect(failure).toBeInstanceOf(LedgerUnavailable);
    const failure = await failureOf(ledger.api.head());
    expect(failure).toBeInstanceOf(LedgerUnavailable);
    expect(String(failure)).toMatch(/try again/);

    await server.start();
    const chain = [];
    for (;;) {
      const page = await ledger.auditor.storedEntriesAfter(chain.length, 1_000);
      if (page.length === 0) break;
      chain.push(...page);
    }
    expect(verifyChain(chain, [])).toEqual([]);
    const accepted = new Set(
      chain.filter((entry) => entry.type === 'request.accepted').map((e) => e.requestId),
    );
    const pinned = new Set(chain.filter((entry) => entry.type === 'policy.pinned').map((e) => e.requestId));
    for (const requestId of confirmed) expect(accepted).toContain(requestId);
    // both entries of an acceptance or none
    expect(pinned).toEqual(accepted);
  });

  it('keeps decisions, reservations and messages, and repeats find them', async () => {
    const voted = await waiting(ledger);
    const body = decisionBody('p-0002');
    const recorded = await vote(ledger, voted, body);
    const effect = await permitted(ledger);
    const reserved: ReservationResult = await reserve(ledger, effect);
    await server.stop('SIGKILL');
    await server.start();
    // pools of before go on without being made anew
    await expect.poll(() => failureOf(ledger.api.head()), { timeout: 30_000 }).toBeUndefined();
    expect(await vote(ledger, voted, body)).toEqual({ ...recorded, state: 'same' });
    expect(await reserve(ledger, effect)).toEqual({ ...reserved, state: 'resumed' });
    const after = openLedger(ledger.adminUrl);
    const requests = new Set((await after.api.claimOutbox(10_000)).map((message) => message.requestId));
    expect(requests).toContain(voted);
    expect(requests).toContain(effect);
    await after.close();
  });
});
