import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/ledger/chain.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { entryHash, GENESIS, linkOf } from '../../src/ledger/entry-hash.js';
import type { StoredEntry } from '../../src/ledger/ports.js';
import { completion, permitted, planned, reserve } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
let entries: readonly StoredEntry[];
beforeAll(async () => {
  ledger = await freshLedger();
  for (let i = 0; i < 3; i += 1) {
    const requestId = await permitted(ledger);
    await reserve(ledger, requestId);
    await ledger.worker.completeEffect(requestId, completion());
  }
  entries = await ledger.auditor.storedEntriesAfter(0, 1_000);
});
afterAll(() => ledger.close());

const witnessAt = (seq: number) => {
  const entry = entries[seq - 1];
  if (entry === undefined) throw new Error(`no entry ${seq}`);
  return { seq, hash: entry.hash };
};
const replaced = (seq: number, change: Partial<StoredEntry>): readonly StoredEntry[] =>
  entries.map((entry) => (entry.seq === seq ? { ...entry, ...change } : entry));
/** What somebody who knows the rule would do: hash everything anew. */
const rewritten = (changed: readonly StoredEntry[]): readonly StoredEntry[] => {
  let prevHash = GENESIS;
  return changed.map((entry, i) => {
    const seq = i + 1;
    const whole = { ...entry, seq, prevHash, hash: entryHash(prevHash, linkOf({ ...entry, seq })) };
    prevHash = whole.hash;
    return whole;
  });
};

describe('a chain as the database made it', () => {
  it('verifies, with and without checkpoints', () => {
    expect(entries.length).toBeGreaterThan(20);
    expect(verifyChain(entries, [])).toEqual([]);
    expect(verifyChain(entries, [witnessAt(5), witnessAt(entries.length)])).toEqual([]);
  });

  it('is hashed by the rule that is written down, in the database and here alike', () => {
    const [first] = entries;
    if (first === undefined) throw new Error('no entry');
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const digest = sha256(`${first.at}\n${first.body}`);
    const owner = sha256(first.requestId ?? '');
    expect(first.hash).toBe(sha256(`${'0'.repeat(64)}\n1\nrequest.accepted\n${owner}\n${digest}`));
  });

  it('is hashed alike for text beyond ASCII', async () => {
    const head = await ledger.api.head();
    await ledger.api.recordRefusal(null, { route: '/ä/日本/🚀', status: 404, reason: 'line\nbreak \\u0041' });
    const [entry] = await ledger.api.entriesAfter(head.seq, 1);
    expect(entry?.body).toMatchObject({ route: '/ä/日本/🚀', reason: 'line\nbreak \\u0041' });
  });
});

describe('a chain that was tampered with', () => {
  it('shows an edited body, time, type or request', () => {
    for (const change of [
      { body: entries[7]?.body.replace('"epoch":1', '"epoch":2') ?? '' },
      { at: '2020-01-01T00:00:00.000Z' },
      { type: 'gate.closed' },
      { requestId: null },
    ] as const) {
      expect(verifyChain(replaced(8, change), [])).toContainEqual(
        expect.objectContaining({ seq: 8, message: expect.stringMatching(/edited/) }),
      );
    }
  });

  it('shows an edited line whose own hash was made anew', () => {
    const entry = entries[7];
    if (entry === undefined) throw new Error('no entry');
    const edited = { ...entry, body: '{}' };
    const hash = entryHash(entry.prevHash, linkOf(edited));
    expect(verifyChain(replaced(8, { body: '{}', hash }), [])).toEqual([
      { seq: 9, message: 'entry 9 does not follow the entry before it' },
    ]);
  });

  it('shows a line that was taken out and lines that changed places', () => {
    expect(
      verifyChain(
        entries.filter((entry) => entry.seq !== 8),
        [],
      )[0],
    ).toMatchObject({ seq: 8 });
    const [a, b, ...rest] = entries;
    if (a === undefined || b === undefined) throw new Error('no entries');
    expect(verifyChain([b, a, ...rest], [])).not.toEqual([]);
  });

  it('shows a cut tail to whoever holds a later checkpoint, and to nobody else', () => {
    const cut = entries.slice(0, -3);
    expect(verifyChain(cut, [])).toEqual([]);
    expect(verifyChain(cut, [witnessAt(cut.length)])).toEqual([]);
    expect(verifyChain(cut, [witnessAt(entries.length)])).toEqual([
      { seq: entries.length, message: expect.stringContaining('tail was cut') },
    ]);
  });

  it('shows a whole rewritten chain to whoever holds a checkpoint after the change', () => {
    const forged = rewritten(replaced(8, { body: '{}' }));
    expect(verifyChain(forged, [])).toEqual([]);
    expect(verifyChain(forged, [witnessAt(7)])).toEqual([]);
    expect(verifyChain(forged, [witnessAt(8)])).toEqual([
      { seq: 8, message: expect.stringContaining('rewritten') },
    ]);
    expect(verifyChain(forged, [witnessAt(entries.length)])).toHaveLength(1);
  });

  it('shows a clock that runs backwards', () => {
    const forged = rewritten(replaced(8, { at: '2020-01-01T00:00:00.000Z' }));
    expect(verifyChain(forged, [])).toEqual([{ seq: 8, message: expect.stringContaining('older') }]);
  });
});

describe('two hundred parallel appends', () => {
  it('leave one line', async () => {
    const own = await freshLedger();
    await Promise.all(Array.from({ length: 100 }, () => planned(own)));
    const chain = await own.auditor.storedEntriesAfter(0, 1_000);
    // accepted, policy and plan of each
    expect(chain.map((entry) => entry.seq)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(verifyChain(chain, [])).toEqual([]);
    await own.close();
  });
});

describe('checkpoints', () => {
  it('are kept only for what stands in the chain', async () => {
    const head = await ledger.api.head();
    const checkpoint = { seq: head.seq, hash: head.hash, envelope: 'a.b.c' };
    await ledger.api.appendCheckpoint(checkpoint);
    await ledger.api.appendCheckpoint({ ...checkpoint, envelope: 'a.b.d' });
    expect(await ledger.auditor.checkpointCovering(1)).toEqual(checkpoint);
    expect(await ledger.auditor.checkpointCovering(head.seq + 1)).toBeNull();
    expect(await ledger.auditor.checkpoints(10)).toEqual([checkpoint]);
    for (const wrong of [
      { ...checkpoint, hash: entries[0]?.hash ?? '' },
      { ...checkpoint, seq: head.seq + 1 },
    ]) {
      await expect(ledger.api.appendCheckpoint(wrong)).rejects.toMatchObject({ reason: 'contradiction' });
    }
  });
});

describe('reading what an administrator of the server edited', () => {
  it('is refused: a body that does not match its hash, a shape that is none, a type that nobody knows', async () => {
    const own = await freshLedger();
    const admin = new LedgerDatabase({
      connectionString: own.adminUrl,
      applicationName: 'test',
      poolSize: 1,
    });
    const bySuperuser = async (sql: string) => {
      await admin.query('edit', 'alter table gatehouse.entry disable trigger entry_append_only');
      await admin.query('edit', sql);
      await admin.query('edit', 'alter table gatehouse.entry enable always trigger entry_append_only');
    };
    const requestId = await permitted(own);
    await bySuperuser(
      `update gatehouse.entry set body = replace(body, '"p-0002"', '"p-0003"') where type = 'decision.made'`,
    );
    await expect(own.worker.entriesOf(requestId)).rejects.toMatchObject({
      name: 'LedgerCorrupt',
      message: expect.stringContaining('does not match its hash'),
    });
    const other = await planned(own);
    const insert = (type: string, body: string) =>
      own
        .database('owner')
        .query('insert', 'insert into gatehouse.entry (type, request_id, body) values ($1, $2, $3)', [
          type,
          other,
          body,
        ]);
    // the database itself refuses both, until somebody with all rights takes its check away
    await expect(insert('gate.opened', '{"gate":"procurement","epoch":"one"}')).rejects.toMatchObject({
      reason: 'malformed',
    });
    await admin.query(
      'edit',
      `create or replace function gatehouse.refuse_misshapen(p_type text, p_body text) returns void
       language sql as $$ select $$`,
    );
    await insert('gate.opened', '{"gate":"procurement","epoch":"one"}');
    await expect(own.worker.entriesOf(other)).rejects.toMatchObject({ name: 'LedgerCorrupt' });
    const third = await planned(own);
    await own
      .database('owner')
      .query('insert', `insert into gatehouse.entry (type, request_id, body) values ('made.up', $1, '{}')`, [
        third,
      ]);
    await expect(own.worker.entriesOf(third)).rejects.toThrow(/unknown type made.up/);
    await admin.close();
    await own.close();
  });
});
