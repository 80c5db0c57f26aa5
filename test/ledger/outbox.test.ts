import pg from 'pg';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { acceptInput, decisionBody, newId, planned, vote, waiting } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
const opened: FreshLedger[] = [];
/** Only a hang meets it. */
const patient = { timeout: 30_000 };
beforeEach(async () => {
  ledger = await freshLedger();
  opened.push(ledger);
});
afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
});

/** The database's clock goes on for the messages: due times lie `seconds` further in the past. */
const timePasses = (seconds: number) =>
  ledger
    .database('owner')
    .query('age', 'update gatehouse.outbox set due_at = due_at - make_interval(secs => $1)', [seconds]);

describe('the outbox', () => {
  it('gives each message to one of many claimers', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => planned(ledger)));
    const claims = await Promise.all(Array.from({ length: 10 }, () => ledger.api.claimOutbox(5)));
    const claimed = claims.flat().map((message) => message.requestId);
    expect(new Set(claimed).size).toBe(claimed.length);
    const rest = await ledger.api.claimOutbox(100);
    expect([...claimed, ...rest.map((message) => message.requestId)].sort()).toEqual([...ids].sort());
    expect(await ledger.api.claimOutbox(100)).toEqual([]);
  });

  it('passes over what another claimer is just taking, without waiting for it', async () => {
    const [first, second] = [await planned(ledger), await planned(ledger)];
    const client = new pg.Client({ connectionString: ledger.urlOf('api') });
    await client.connect();
    await client.query('begin');
    const taken = await client.query('select request_id from gatehouse.claim_outbox(1, 30)');
    expect(taken.rows).toEqual([{ request_id: first }]);
    expect((await ledger.api.claimOutbox(10)).map((message) => message.requestId)).toEqual([second]);
    // its claimer dies: nothing was taken
    await client.query('rollback');
    await client.end();
    expect((await ledger.api.claimOutbox(10)).map((message) => message.requestId)).toEqual([first]);
  });

  it('keeps the order of one request: the signal waits until the start is delivered', async () => {
    const requestId = await waiting(ledger);
    await vote(ledger, requestId, decisionBody('p-0002'));
    const [start, ...none] = await ledger.api.claimOutbox(10);
    expect(start).toMatchObject({ kind: 'start', attempts: 1 });
    expect(none).toEqual([]);
    await ledger.api.outboxDelivered(start?.id ?? 0);
    expect(await ledger.api.claimOutbox(10)).toEqual([expect.objectContaining({ kind: 'signal' })]);
  });

  it('keeps commands and revocations apart: none waits for another kind, each kind is in order', async () => {
    const requestId = await waiting(ledger);
    const [start] = await ledger.api.claimOutbox(10);
    await ledger.api.outboxDelivered(start?.id ?? 0);
    const by = { kind: 'person', id: 'p-0009' } as const;
    const give = (commandId: string) =>
      ledger.api.recordCommand(
        requestId,
        { commandId, command: 'pause', targets: [], by },
        { kind: 'command', payload: JSON.stringify({ commandId }) },
      );
    const [first, second] = [await give(newId('c')), await give(newId('c'))];
    // whoever gave a command tells the workflow himself: the messages are not due yet
    await vote(ledger, requestId, decisionBody('p-0002'));
    expect((await ledger.api.claimOutbox(10)).map(({ kind }) => kind)).toEqual(['signal']);
    await timePasses(15);
    expect((await ledger.api.claimOutbox(10)).map(({ id }) => id)).toEqual([first.outboxId]);
    await ledger.api.outboxFailed(first.outboxId ?? 0, 'nobody answers');
    await ledger.api.revokeRequest(requestId, { by }, { kind: 'revocation', payload: '{}' });
    expect((await ledger.api.claimOutbox(10)).map(({ kind }) => kind)).toEqual(['revocation']);
    await ledger.api.outboxDelivered(first.outboxId ?? 0);
    expect((await ledger.api.claimOutbox(10)).map(({ id }) => id)).toEqual([second.outboxId]);
  });

  it('forgets what was delivered long ago, and nothing else', async () => {
    const [old, recent, waitingOne] = [await planned(ledger), await planned(ledger), await planned(ledger)];
    const messages = await ledger.api.claimOutbox(10);
    const idOf = (request: string) => messages.find(({ requestId }) => requestId === request)?.id ?? 0;
    await ledger.api.outboxDelivered(idOf(old));
    await ledger
      .database('owner')
      .query('age', `update gatehouse.outbox set delivered_at = now() - interval '25 hours' where id = $1`, [
        idOf(old),
      ]);
    await ledger.api.outboxDelivered(idOf(recent));
    expect(await ledger.api.pruneOutbox()).toBe(1);
    expect(await ledger.api.pruneOutbox()).toBe(0);
    const rows = await ledger
      .database('owner')
      .query('look', 'select request_id from gatehouse.outbox order by id');
    expect(rows.map((row) => row.request_id)).toEqual([recent, waitingOne]);
  });

  it('gives a message again when its claimer died, and not before', async () => {
    const requestId = newId();
    await ledger.api.acceptRequest(acceptInput(requestId));
    expect(await ledger.api.claimOutbox(10)).toHaveLength(1);
    await timePasses(15);
    expect(await ledger.api.claimOutbox(10)).toEqual([]);
    await timePasses(15);
    expect(await ledger.api.claimOutbox(10)).toEqual([expect.objectContaining({ requestId, attempts: 2 })]);
  });

  it('waits longer after each failure, up to a limit, and never gives up', async () => {
    await ledger.api.acceptRequest(acceptInput(newId()));
    const clock = async () => {
      const [row] = await ledger.database('owner').query(
        'look',
        `select extract(epoch from clock_timestamp())::float8 as now,
                               (select extract(epoch from due_at)::float8 from gatehouse.outbox) as due`,
      );
      return { now: Number(row?.now), due: Number(row?.due) };
    };
    for (const delay of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
      const [message] = await ledger.api.claimOutbox(1);
      const before = await clock();
      await ledger.api.outboxFailed(message?.id ?? 0, 'Temporal does not answer');
      const after = await clock();
      expect(after.due - before.now).toBeGreaterThanOrEqual(delay);
      expect(after.due - after.now).toBeLessThanOrEqual(delay);
      await timePasses(delay);
    }
  });
});

describe('checkpoints outside the database', () => {
  it('are published oldest first, once per place', async () => {
    for (let count = 0; count < 3; count += 1) {
      await planned(ledger);
      const { seq, hash } = await ledger.api.head();
      await ledger.api.appendCheckpoint({ seq, hash, envelope: 'a.b.c' });
    }
    const at = async (place: string, limit = 10) => {
      const { checkpoints, total } = await ledger.api.unpublished(place, limit);
      return { seqs: checkpoints.map(({ seq }) => seq), total };
    };
    const { seqs } = await at('audit main');
    expect(seqs).toEqual([3, 6, 9]);
    expect(await at('audit main', 2)).toEqual({ seqs: [3, 6], total: 3 });
    await ledger.api.published('audit main', 3, 'commit-1');
    await ledger.api.published('audit main', 3, 'commit-1');
    expect(await at('audit main')).toEqual({ seqs: [6, 9], total: 2 });
    expect((await at('elsewhere main')).total).toBe(3);
  });
});

describe('listening', () => {
  it('hears every append, with its position and request', async () => {
    const heard: [number, string | null][] = [];
    const unlisten = await ledger.api.listen((seq, requestId) => heard.push([seq, requestId]));
    const requestId = await planned(ledger);
    await ledger.worker.raiseAlarm(null, { alarm: 'message-flood', detail: 'many', count: 9 });
    await expect.poll(() => heard.length, patient).toBe(4);
    expect(heard).toEqual([
      [1, requestId],
      [2, requestId],
      [3, requestId],
      [4, null],
    ]);
    await unlisten();
  });

  it('connects again when its connection is cut, and says how far the chain is', async () => {
    const heard: [number, string | null][] = [];
    const unlisten = await ledger.api.listen((seq, requestId) => heard.push([seq, requestId]));
    const admin = new LedgerDatabase({
      connectionString: ledger.adminUrl,
      applicationName: 'test',
      poolSize: 1,
    });
    await admin.query(
      'cut',
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query like 'listen%'`,
    );
    await admin.close();
    const requestId = await planned(ledger);
    // it may be back before the last of the three appends: what it missed is told with null, the rest one by one
    await expect.poll(() => heard.at(-1)?.[0], patient).toBe(3);
    expect(heard.filter(([, request]) => request === null)).toHaveLength(1);
    await ledger.worker.startRequest(requestId, { targets: 1 });
    await expect.poll(() => heard.at(-1), patient).toEqual([4, requestId]);
    await unlisten();
  });

  it('passes over what a stranger notifies', async () => {
    const heard: number[] = [];
    const unlisten = await ledger.api.listen((seq) => heard.push(seq));
    await ledger.database('auditor').query('notify', `select pg_notify('gatehouse_ledger', 'drop table')`);
    await planned(ledger);
    await expect.poll(() => heard, patient).toEqual([1, 2, 3]);
    await unlisten();
  });
});
