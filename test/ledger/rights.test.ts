/** Every forbidden thing is tried, with the logins of the roles and with the owner. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { PgApiLedger } from '../../src/ledger/pg-api.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { LEDGER_ROLES, type LedgerRole, roleUrl, setUpRoles } from '../../src/ledger/roles.js';
import { freshDatabase, uniqueName } from '../support/stack.js';
import { acceptInput, completion, decisionBody, newId, permitted, planBody, reserve } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
let requestId: string;
beforeAll(async () => {
  ledger = await freshLedger();
  requestId = await permitted(ledger);
  await reserve(ledger, requestId);
  await ledger.worker.completeEffect(requestId, completion());
  await ledger.api.keepPersonal(requestId, ['ada@example.com']);
  const head = await ledger.api.head();
  await ledger.api.appendCheckpoint({ seq: head.seq, hash: head.hash, envelope: 'a.b.c' });
});
afterAll(() => ledger.close());

const LOGINS: readonly LedgerRole[] = ['api', 'worker', 'auditor'];
const TABLES = [
  'entry',
  'checkpoint',
  'personal',
  'outbox',
  'idempotency',
  'notice_delivery',
  'page_session',
  'publication',
  'wait_note',
  'chain_lock',
  'migration',
  'migration_turn',
  'entry_shape',
  'planned_effect',
  'effect_hold',
  'function_set',
];
const run = (role: LedgerRole, sql: string) => ledger.database(role).query('try', sql);
const DENIED = {
  name: 'LedgerMisconfigured',
  message: expect.stringContaining('this login may not do that'),
};
const APPEND_ONLY = { name: 'LedgerRefused', reason: 'append-only' };

/** What must not change, whatever is tried. */
const contents = () =>
  ledger.database('owner').query(
    'look',
    `select (select json_agg(e order by seq) from gatehouse.entry e)::text as entries,
              (select json_agg(c order by seq) from gatehouse.checkpoint c)::text as checkpoints,
              (select json_agg(p order by ref) from gatehouse.personal p)::text as personal`,
  );

describe.each(LOGINS)('the login of %s', (role) => {
  it.each(TABLES)('changes nothing in %s directly', async (table) => {
    const before = await contents();
    const column = table === 'chain_lock' ? 'only_row' : table === 'migration' ? 'id' : 'ctid';
    for (const sql of [
      `delete from gatehouse.${table}`,
      `truncate gatehouse.${table} cascade`,
      `insert into gatehouse.${table} default values`,
      `drop table gatehouse.${table} cascade`,
      `alter table gatehouse.${table} disable trigger all`,
      `alter table gatehouse.${table} owner to current_user`,
      `select ${column} from gatehouse.${table} for update`,
      `do $$ begin lock table gatehouse.${table} in exclusive mode; end $$`,
      `create rule r as on insert to gatehouse.${table} do instead nothing`,
      `create trigger t before insert on gatehouse.${table} for each row execute function gatehouse.refuse_change()`,
    ]) {
      await expect(run(role, sql), sql).rejects.toMatchObject(DENIED);
    }
    expect(await contents()).toEqual(before);
  });

  it('updates nothing', async () => {
    for (const sql of [
      `update gatehouse.entry set body = '{}'`,
      `update gatehouse.entry set at = at where false`,
      `update gatehouse.checkpoint set hash = ''`,
      `update gatehouse.personal set value = 'mallory@example.com'`,
      `update gatehouse.outbox set delivered_at = now()`,
      `update gatehouse.chain_lock set only_row = true`,
      `merge into gatehouse.entry e using (select 1) s on true when matched then delete`,
    ]) {
      await expect(run(role, sql), sql).rejects.toMatchObject(DENIED);
    }
  });

  it('becomes nobody else, makes no objects, and switches no triggers off', async () => {
    for (const other of Object.values(LEDGER_ROLES)) {
      if (other === LEDGER_ROLES[role]) continue;
      await expect(run(role, `set role ${other}`), other).rejects.toMatchObject(DENIED);
      await expect(run(role, `set session authorization ${other}`), other).rejects.toMatchObject(DENIED);
    }
    for (const sql of [
      'create schema mine',
      'create table gatehouse.mine (x int)',
      'create table public.mine (x int)',
      'create temporary table entry (x int)',
      `create function gatehouse.f() returns int language sql as 'select 1'`,
      `alter function gatehouse.take_chain() rename to gone`,
      `create or replace function gatehouse.entry_owner(text) returns text language sql as 'select $1'`,
      `set session_replication_role = replica`,
      `alter role gatehouse_api superuser`,
      `alter role gatehouse_owner password 'x'`,
      'create role mallory',
      'grant gatehouse_owner to current_user',
      ...LOGINS.filter((other) => other !== role).flatMap((other) => [
        `alter role ${LEDGER_ROLES[other]} password 'x'`,
        `alter role ${LEDGER_ROLES[other]} set statement_timeout = 1`,
      ]),
      'alter role all set statement_timeout = 1',
      'alter system set statement_timeout = 1',
      'alter role current_user createrole',
      'select lo_create(0)',
      'select lo_creat(-1)',
      `select lo_from_bytea(0, 'x')`,
      `select lo_import('/etc/passwd')`,
      `copy gatehouse.entry to program 'cat'`,
      `copy gatehouse.entry from program 'cat'`,
      `select pg_read_file('/etc/passwd')`,
      `select * from pg_authid`,
    ]) {
      await expect(run(role, sql), sql).rejects.toMatchObject(DENIED);
    }
  });

  it('reads no personal values and no outbox past the functions', async () => {
    for (const table of [
      'personal',
      'outbox',
      'idempotency',
      'notice_delivery',
      'page_session',
      'publication',
      'wait_note',
    ]) {
      await expect(run(role, `select * from gatehouse.${table}`), table).rejects.toMatchObject(DENIED);
    }
  });
});

/** Every function of the schema and who may execute it; a function that is missing here may be executed by nobody. */
const GRANTED: Readonly<Record<string, readonly LedgerRole[]>> = {
  record_plan: ['worker'],
  worker_append: ['worker'],
  reserve_effect: ['worker'],
  complete_effect: ['worker'],
  begin_holding: ['worker'],
  hold_effect: ['worker'],
  release_effect: ['worker'],
  raise_alarm: ['api', 'worker'],
  keep_personal: ['api', 'worker'],
  personal_values: ['api', 'worker'],
  open_request: ['api'],
  open_requests: ['api'],
  judge_ref: ['worker'],
  note_told: ['worker'],
  note_wait: ['worker'],
  waits_of: ['api'],
  find_idempotent: ['api'],
  accept_request: ['api'],
  record_decision: ['api'],
  record_command: ['api'],
  revoke_request: ['api'],
  api_append: ['api'],
  claim_outbox: ['api'],
  outbox_delivered: ['api'],
  outbox_failed: ['api'],
  prune_outbox: ['api'],
  vital_signs: ['api'],
  note_delivery: ['worker'],
  deliveries_of: ['worker'],
  undelivered_of: ['api', 'worker'],
  unpublished_checkpoints: ['api'],
  checkpoint_published: ['api'],
  append_checkpoint: ['api'],
  place_hold: ['api', 'worker'],
  release_hold: ['api'],
  tell_of_news: ['api'],
  open_session: ['api'],
  session_content: ['api'],
  end_session: ['api'],
};

describe('functions', () => {
  it('are executable by exactly the roles of the table, and never by the public', async () => {
    const rows = await run(
      'owner',
      `select p.proname as name, p.prosecdef as definer, coalesce(array_to_string(p.proconfig, ','), '') as config,
              has_function_privilege('gatehouse_api', p.oid, 'execute') as api,
              has_function_privilege('gatehouse_worker', p.oid, 'execute') as worker,
              has_function_privilege('gatehouse_auditor', p.oid, 'execute') as auditor
       from pg_proc p where p.pronamespace = 'gatehouse'::regnamespace`,
    );
    const granted = new Map(
      rows.map((row) => [String(row.name), LOGINS.filter((role) => row[role] === true)]),
    );
    const nobody = [...granted].filter(([, roles]) => roles.length === 0).map(([name]) => name);
    for (const name of nobody) granted.delete(name);
    expect(Object.fromEntries(granted)).toEqual(GRANTED);
    for (const row of rows) {
      const name = String(row.name);
      expect(row.config, name).toBe('search_path=gatehouse, pg_temp');
      expect(row.definer, name).toBe(name in GRANTED);
    }
  });
});

describe('a role with the methods of another', () => {
  it('worker: accepts, decides, commands, revokes, checks and refuses nothing', async () => {
    const api = new PgApiLedger(ledger.database('worker'));
    const by = { kind: 'person', id: 'p-0009' } as const;
    const before = await contents();
    const news = { kind: 'x', payload: '{}' };
    await expect(api.acceptRequest(acceptInput(newId()))).rejects.toMatchObject(DENIED);
    await expect(api.recordDecision(requestId, decisionBody('p-0003'), news)).rejects.toMatchObject(DENIED);
    await expect(api.revokeRequest(requestId, { by })).rejects.toMatchObject(DENIED);
    await expect(api.revokeKey({ kid: 'k1' })).rejects.toMatchObject(DENIED);
    await expect(
      api.recordCommand(requestId, { commandId: 'c', command: 'skip', targets: [], by }, news),
    ).rejects.toMatchObject(DENIED);
    await expect(api.recordRefusal(null, { route: '/', status: 401, reason: '' })).rejects.toMatchObject(
      DENIED,
    );
    await expect(api.appendCheckpoint({ seq: 1, hash: '', envelope: '' })).rejects.toMatchObject(DENIED);
    await expect(api.claimOutbox(1)).rejects.toMatchObject(DENIED);
    expect(await contents()).toEqual(before);
  });

  it('worker: the function for simple entries takes none of the API', async () => {
    for (const type of [
      'decision.made',
      'request.accepted',
      'policy.pinned',
      'request.revoked',
      'command.given',
      'key.revoked',
      'call.refused',
      'payloads.decoded',
      'effect.reserved',
      'effect.completed',
      'plan.recorded',
      'made.up',
    ]) {
      const sql = `select gatehouse.worker_append('${type}', '${requestId}', '{}')`;
      await expect(run('worker', sql), type).rejects.toMatchObject({ reason: 'forbidden' });
    }
  });

  it('api: plans, reserves, completes, opens, closes and ends nothing', async () => {
    const worker = new PgWorkerLedger(ledger.database('api'));
    const before = await contents();
    await expect(worker.recordPlan(requestId, planBody(requestId, 2))).rejects.toMatchObject(DENIED);
    const body = { key: 'k', epoch: 1, system: 'otterize' };
    await expect(worker.reserveEffect(requestId, body, 0)).rejects.toMatchObject(DENIED);
    await expect(worker.completeEffect(requestId, completion())).rejects.toMatchObject(DENIED);
    await expect(
      worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result: 'passed' }),
    ).rejects.toMatchObject(DENIED);
    await expect(worker.endRequest(requestId, { outcome: 'done', message: '' })).rejects.toMatchObject(
      DENIED,
    );
    expect(await contents()).toEqual(before);
  });

  it('api: the function for simple entries takes no decision, request or effect', async () => {
    for (const type of [
      'decision.made',
      'request.accepted',
      'effect.reserved',
      'gate.closed',
      'request.revoked',
    ]) {
      const sql = `select gatehouse.api_append('${type}', '${requestId}', '{}')`;
      await expect(run('api', sql), type).rejects.toMatchObject({ reason: 'forbidden' });
    }
  });

  it('auditor: appends nothing and reads no personal value', async () => {
    const [api, worker] = [
      new PgApiLedger(ledger.database('auditor')),
      new PgWorkerLedger(ledger.database('auditor')),
    ];
    await expect(
      api.raiseAlarm(null, { alarm: 'message-flood', detail: '', count: 1 }),
    ).rejects.toMatchObject(DENIED);
    await expect(api.personal(['p_x'])).rejects.toMatchObject(DENIED);
    await expect(worker.keepPersonal(requestId, ['x'])).rejects.toMatchObject(DENIED);
    await expect(worker.startRequest(requestId, { targets: 1 })).rejects.toMatchObject(DENIED);
    expect((await ledger.auditor.entriesOf(requestId)).length).toBeGreaterThan(5);
  });
});

describe('the owner', () => {
  it.each([
    `update gatehouse.entry set body = '{}' where seq = 1`,
    `update gatehouse.entry set body = body where false`,
    'delete from gatehouse.entry where seq = 3',
    'truncate gatehouse.entry cascade',
    `merge into gatehouse.entry e using (select 1) s on e.seq = 1 when matched then delete`,
    `insert into gatehouse.checkpoint select * from gatehouse.checkpoint on conflict (seq) do update set hash = ''`,
    `update gatehouse.checkpoint set envelope = ''`,
    'delete from gatehouse.checkpoint',
    'truncate gatehouse.checkpoint cascade',
    'delete from gatehouse.personal',
    'truncate gatehouse.personal',
    `update gatehouse.personal set value = 'mallory@example.com'`,
  ])('is refused: %s', async (sql) => {
    const before = await contents();
    const [, table = ''] = /gatehouse\.(\w+)/.exec(sql) ?? [];
    const said =
      table === 'personal' && sql.startsWith('update') ? 'only be erased' : `${table} is append-only`;
    await expect(run('owner', sql)).rejects.toMatchObject({
      ...APPEND_ONLY,
      message: expect.stringContaining(said),
    });
    expect(await contents()).toEqual(before);
  });

  it('is refused in replica mode too', async () => {
    // only an administrator can switch it on; the triggers fire all the same
    const admin = new LedgerDatabase({
      connectionString: ledger.adminUrl,
      applicationName: 'test',
      poolSize: 1,
    });
    await admin.query('switch', 'set session_replication_role = replica');
    await expect(admin.query('try', 'delete from gatehouse.entry')).rejects.toMatchObject(APPEND_ONLY);
    await admin.close();
  });

  it('cannot choose position, time or hashes of a row that it inserts', async () => {
    const head = await ledger.api.head();
    await run(
      'owner',
      `insert into gatehouse.entry (seq, at, type, body, prev_hash, hash)
       values (99999, '1999-01-01T00:00:00.000Z', 'alarm.raised',
               '{"alarm":"message-flood","detail":"by hand","count":1}', 'x', 'y')`,
    );
    const [entry] = await ledger.auditor.storedEntriesAfter(head.seq, 10);
    expect(entry).toMatchObject({ seq: head.seq + 1, prevHash: head.hash });
    expect(entry?.at.startsWith('1999')).toBe(false);
  });

  it('cannot append two endings, votes or reservations past the functions', async () => {
    const insertAgain = (type: string) =>
      run(
        'owner',
        `insert into gatehouse.entry (type, request_id, body)
         select type, request_id, body from gatehouse.entry where type = '${type}' limit 1`,
      );
    for (const type of [
      'request.accepted',
      'plan.recorded',
      'decision.made',
      'gate.closed',
      'effect.reserved',
      'effect.completed',
    ]) {
      await expect(insertAgain(type), type).rejects.toMatchObject({ reason: 'contradiction' });
    }
  });
});

describe('setting the roles up', () => {
  const passwordOf = (role: LedgerRole) => new URL(ledger.urlOf(role)).password;
  const passwords = () => ({
    owner: passwordOf('owner'),
    api: passwordOf('api'),
    worker: passwordOf('worker'),
    auditor: passwordOf('auditor'),
  });

  it('needs no superuser: a role that may create roles and owns the database does it, again and again', async () => {
    const name = uniqueName('admin').replaceAll('-', '_');
    const superuser = new LedgerDatabase({ connectionString: ledger.adminUrl, applicationName: 'test' });
    const other = new URL(await freshDatabase());
    const database = other.pathname.slice(1);
    const set = (sql: string) => superuser.query('prepare', sql);
    await set(`create role ${name} login createrole nosuperuser nocreatedb password 'for-this-test-only-1'`);
    try {
      await set(`alter database ${database} owner to ${name}`);
      await set(`grant ${Object.values(LEDGER_ROLES).join(', ')} to ${name} with admin option`);
      other.username = name;
      other.password = 'for-this-test-only-1';
      await setUpRoles(other.href, passwords());
      await setUpRoles(other.href, passwords());
      const ran = await migrate(roleUrl(other.href, 'owner', passwords()));
      expect(ran.length).toBeGreaterThan(0);
    } finally {
      await set(`alter database ${database} owner to current_user`);
      await set(`drop owned by ${name} cascade`);
      await set(`drop role ${name}`);
      await superuser.close();
    }
  });

  it('changes nothing the second time, and four at once do not fail', async () => {
    await Promise.all(Array.from({ length: 4 }, () => setUpRoles(ledger.adminUrl, passwords())));
    const fresh = new LedgerDatabase({ connectionString: ledger.urlOf('worker'), applicationName: 'test' });
    expect(await fresh.query('who', 'select current_user as login')).toEqual([{ login: 'gatehouse_worker' }]);
    await fresh.close();
  });

  it('takes back what a login set for itself, which Postgres forbids to none', async () => {
    // harmless settings: roles are those of the whole server, which other tests use too
    await run('auditor', `alter role current_user set application_name = 'mallory'`);
    await run(
      'auditor',
      `do $$ begin
         execute format('alter role current_user in database %I set statement_timeout = 1', current_database());
       end $$`,
    );
    await setUpRoles(ledger.adminUrl, passwords());
    const left = await ledger.database('owner').query(
      'look',
      `select s.setconfig from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
       where r.rolname = 'gatehouse_auditor'
         and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`,
    );
    expect(left).toEqual([]);
  });

  it('refuses weak passwords', async () => {
    const weak = { owner: 'short', api: 'short', worker: 'short', auditor: 'short' };
    await expect(setUpRoles(ledger.adminUrl, weak)).rejects.toThrow(/16 to 200 printable/);
  });

  it('makes logins that a wrong password does not open, and the error holds no password', async () => {
    const url = new URL(ledger.urlOf('api'));
    url.password = 'wrong-password-wrong';
    const database = new LedgerDatabase({ connectionString: url.href, applicationName: 'test' });
    const error = await database.query('try', 'select 1').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'LedgerMisconfigured' });
    expect(String(error)).not.toContain('wrong-password');
    await database.close();
  });
});
