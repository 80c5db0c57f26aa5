/** A ledger of an earlier version, with entries in it, is brought up to date: nothing of it changes, and it goes on. */
import { readdirSync } from 'node:fs';
import { runner } from 'node-pg-migrate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../src/ledger/migrate.js';
import { setUpRoles } from '../../src/ledger/roles.js';
import { passwordsOfRoles } from '../support/role-passwords.js';
import { freshDatabase } from '../support/stack.js';
import {
  acceptInput,
  completion,
  decisionBody,
  KEY,
  newId,
  openBody,
  permitted,
  planBody,
  planned,
  reserve,
  vote,
  waiting,
} from './fixtures.js';
import { type FreshLedger, freshLedger, openLedger } from './fresh-ledger.js';

const MIGRATIONS = new URL('../../src/ledger/migrations/', import.meta.url);
/** The last migration before functions stood in files of their own. */
const BEFORE = '0013';

let ledger: FreshLedger;
beforeAll(async () => {
  ledger = await ofBefore();
});
afterAll(() => ledger.close());

it('keeps every entry, and what was begun goes on by the rules of the new version', async () => {
  const done = await permitted(ledger);
  expect(await reserve(ledger, done)).toMatchObject({ state: 'reserved' });
  await ledger.worker.completeEffect(done, completion());
  await ledger.worker.endRequest(done, { outcome: 'done', message: '' });
  const begun = await permitted(ledger, [KEY, 'harbour-01/dev:values']);
  const asked = await waiting(ledger);
  const workflowId = `fleet/otterize/${newId()}`;
  const [first, second] = [newId(), newId()];
  await ledger.api.acceptRequest(acceptInput(first, workflowId));
  await ledger.api.acceptRequest({ ...acceptInput(second, workflowId, 'other'), turn: 'last' });
  const { hash } = await ledger.auditor.head();
  const entries = await ledger.api.entriesAfter(0, 1000);

  expect(await migrate(ledger.urlOf('owner'))).toContain('0016_rows');
  expect(await migrate(ledger.urlOf('owner'))).toEqual([]);

  expect(await ledger.auditor.head()).toMatchObject({ hash });
  expect(await ledger.api.entriesAfter(0, 1000)).toEqual(entries);
  expect(await reserve(ledger, begun)).toMatchObject({ state: 'reserved' });
  expect(await reserve(ledger, begun, 1, 'harbour-01/dev:unplanned')).toMatchObject({
    reason: 'not-planned',
  });
  expect(await vote(ledger, asked, decisionBody('p-0003'))).toMatchObject({ state: 'recorded' });
  await expect(ledger.worker.recordPlan(second, planBody(second, 1))).rejects.toMatchObject({
    reason: 'waits',
  });
  await ledger.worker.recordPlan(first, planBody(first, 1));
  await ledger.worker.openGate(first, openBody());
  await ledger.worker.openGate(first, openBody());
  await ledger.worker.endRequest(first, { outcome: 'cancelled', message: '' });
  await ledger.worker.recordPlan(second, planBody(second, 1));
  const opened = (await ledger.api.entriesOf(first)).filter(({ type }) => type === 'gate.opened');
  expect(opened).toHaveLength(1);
  await expect(
    ledger.database('worker').query('try', `select gatehouse.raise_alarm(null, '{"alarm":null}')`),
  ).rejects.toMatchObject({ reason: 'malformed' });
  const release = await ledger.worker.holdEffect(KEY);
  expect(release).not.toBeNull();
  await release?.();
});

it('goes on with entries that an earlier version took and no reader takes', async () => {
  const old = await ofBefore();
  const asked = await waiting(old);
  const bad = await planned(old);
  const unread = newId();
  const document = 'no document';
  await old
    .database('api')
    .query('poison', `select gatehouse.accept_request($1, $2, $3, 'start', '{}', null, null, null, null)`, [
      unread,
      JSON.stringify({ ...acceptInput(unread).accepted, kind: 'Promotion', document }),
      JSON.stringify(acceptInput(unread).pinnedPolicy),
    ]);
  for (const call of [
    `place_hold(null, '{"holdId":"h","scope":{"application":5}}')`,
    `raise_alarm('${asked}', '{"alarm":null,"stray":{"project":"p","branch":"b","commit":"c","places":7}}')`,
    `worker_append('gate.opened', '${bad}', '{"gate":"procurement","epoch":1,"openedAt":"soon","due":"never"}')`,
    `record_plan('${bad}', '{"epoch":2,"plan":{"targets":[{"effects":[{}]}]}}')`,
    `worker_append('gate.opened', '${bad}', '{"gate":"procurement","epoch":2,"openedAt":"soon","due":"never"}')`,
  ]) {
    await old.database('worker').query('poison', `select gatehouse.${call}`);
  }
  await old.database('api').query('poison', `select gatehouse.api_append('key.revoked', null, '{"kid":7}')`);
  await migrate(old.urlOf('owner'));

  for (let again = 0; again < 2; again += 1) {
    expect((await old.api.openGates()).map(({ requestId }) => requestId)).toEqual([asked]);
    expect((await old.api.requests({ limit: 10 })).map(({ requestId }) => requestId)).toEqual([
      unread,
      bad,
      asked,
    ]);
    for (const login of [old.api, old.worker]) {
      expect(await login.holds()).toEqual([]);
      expect(await login.revokedKeys()).toEqual(new Map());
    }
    expect(await old.api.straysOf('shop/prod')).toEqual([]);
    expect(await old.worker.untoldStrays()).toEqual([]);
    expect(await old.api.workload()).toMatchObject({ open: 3 });
    // the alarm that tells of the one that is left out is the last
    expect((await old.api.entriesOf(asked)).map(({ type }) => type)).toEqual([
      'request.accepted',
      'policy.pinned',
      'plan.recorded',
      'gate.opened',
      'alarm.raised',
    ]);
    expect(await old.api.unreadableIn(asked)).toMatch(/entry \d+ is not of the shape of alarm.raised/);
    expect(await old.api.recordFor(unread)).toBeNull();
    const read = (await old.api.entriesOf(bad)).map(({ type }) => type);
    expect(read.filter((type) => type !== 'alarm.raised')).toEqual([
      'request.accepted',
      'policy.pinned',
      'plan.recorded',
    ]);
  }
  const alarms = (await old.api.entriesAfter(0, 1_000)).filter(({ type }) => type === 'alarm.raised');
  const details = alarms.map(({ body }) => ('detail' in body ? body.detail : ''));
  expect(new Set(details).size).toBe(details.length);
  for (const what of [
    'hold.placed',
    'alarm.raised',
    'gate.opened',
    'key.revoked',
    'not JSON',
    'an open gate',
  ]) {
    expect(details.filter((detail) => detail.includes(what))).not.toEqual([]);
  }
  // what is to be made is judged by what can be read alone
  await expect(old.worker.entriesOf(bad)).rejects.toMatchObject({ name: 'LedgerCorrupt' });
  expect(await vote(old, asked, decisionBody('p-0004'))).toMatchObject({ state: 'recorded' });
  await old.close();
});

it('leaves the functions of a new installation, and none of the old ones', async () => {
  const functions = (one: FreshLedger) =>
    one.database('owner').query(
      'look',
      `select p.proname, pg_get_function_identity_arguments(p.oid) as arguments, pg_get_functiondef(p.oid) as source,
              (select array_agg(a::text order by a::text) from unnest(p.proacl) a) as rights
       from pg_proc p where p.pronamespace = 'gatehouse'::regnamespace order by 1, 2`,
    );
  await migrate(ledger.urlOf('owner'));
  const fresh = await freshLedger();
  expect(await functions(ledger)).toEqual(await functions(fresh));
  await fresh.close();
});

/** A ledger as the version before left it. */
async function ofBefore(): Promise<FreshLedger> {
  const adminUrl = await freshDatabase();
  await setUpRoles(adminUrl, passwordsOfRoles(adminUrl));
  const one = openLedger(adminUrl);
  await runner({
    databaseUrl: one.urlOf('owner'),
    dir: MIGRATIONS.pathname,
    direction: 'up',
    count: readdirSync(MIGRATIONS).filter((name) => name.slice(0, 4) <= BEFORE).length,
    schema: 'gatehouse',
    createSchema: true,
    migrationsTable: 'migration',
    log: () => undefined,
  });
  return one;
}
