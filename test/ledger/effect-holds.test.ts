import { afterAll, beforeAll, expect, it } from 'vitest';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

/** Two workers on one ledger: each with connections of its own, as two processes have. */
let ledger: FreshLedger;
let first: { readonly database: LedgerDatabase; readonly ledger: PgWorkerLedger };
let second: typeof first;

const worker = (): typeof first => {
  const database = new LedgerDatabase({
    connectionString: ledger.urlOf('worker'),
    applicationName: 'test-worker',
  });
  return { database, ledger: new PgWorkerLedger(database) };
};

beforeAll(async () => {
  ledger = await freshLedger();
  [first, second] = [worker(), worker()];
});
afterAll(async () => {
  await Promise.all([first.database.close(), second.database.close()]);
  await ledger.close();
});

it('gives an effect to one worker at a time, and to the next when it is given back', async () => {
  const release = await first.ledger.holdEffect('harbour-01/dev#organisation');
  expect(release).not.toBeNull();
  expect(await second.ledger.holdEffect('harbour-01/dev#organisation')).toBeNull();
  await release?.();
  const next = await second.ledger.holdEffect('harbour-01/dev#organisation');
  expect(next).not.toBeNull();
  await next?.();
});

it('gives an effect once within one worker too, also to calls at the same moment', async () => {
  const taken = await Promise.all([1, 2, 3, 4].map(() => first.ledger.holdEffect('harbour-02/stg#values')));
  const releases = taken.filter((release) => release !== null);
  expect(releases).toHaveLength(1);
  for (const release of releases) await release();
});

it('holds different effects side by side', async () => {
  const one = await first.ledger.holdEffect('harbour-03/prod#environment');
  const other = await second.ledger.holdEffect('harbour-03/prod#invites');
  expect([one, other]).not.toContain(null);
  await one?.();
  await other?.();
});

it('frees what a worker held when its connection ends', async () => {
  const third = worker();
  expect(await third.ledger.holdEffect('harbour-04/dev#integration')).not.toBeNull();
  expect(await second.ledger.holdEffect('harbour-04/dev#integration')).toBeNull();
  await third.database.close();
  await expect.poll(() => second.ledger.holdEffect('harbour-04/dev#integration')).not.toBeNull();
});
