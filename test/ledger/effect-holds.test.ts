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

it('is stopped by no lock that another login takes, and by no row that it makes', async () => {
  const key = 'harbour-05/dev#organisation';
  for (const role of ['auditor', 'api'] as const) {
    const stranger = new LedgerDatabase({
      connectionString: ledger.urlOf(role),
      applicationName: 'test',
      poolSize: 1,
    });
    await stranger.query('lock', `select pg_advisory_lock(hashtextextended($1, 0))`, [
      `gatehouse effect ${key}`,
    ]);
    // also with the number of a session lock that a worker really has
    const held = await first.ledger.holdEffect('harbour-05/dev#values');
    await stranger.query(
      'lock',
      `select pg_try_advisory_lock_shared((classid::bigint << 32) | objid::bigint) from pg_locks where locktype = 'advisory'`,
    );
    for (const call of [`begin_holding(7)`, `hold_effect('${key}', 7)`, `release_effect('${key}', 7)`]) {
      await expect(stranger.query('try', `select gatehouse.${call}`), call).rejects.toMatchObject({
        name: 'LedgerMisconfigured',
      });
    }
    const release = await second.ledger.holdEffect(key);
    expect(release).not.toBeNull();
    await release?.();
    await held?.();
    await stranger.close();
  }
});

it('refuses a session that a pooler changes between two statements, and says why', async () => {
  // another session than the one that lit the beacon, as behind a pooler in transaction mode
  await expect(
    first.database.query('hold', `select gatehouse.hold_effect('harbour-06/dev#organisation', 7)`),
  ).rejects.toMatchObject({ reason: 'forbidden', message: expect.stringContaining('pooler') });
});
