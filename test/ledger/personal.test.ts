import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/ledger/chain.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { erasePersonal } from '../../src/ledger/erasure.js';
import { personalRef } from '../../src/ledger/personal-ref.js';
import { newId, permitted } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
beforeAll(async () => {
  ledger = await freshLedger();
});
afterAll(() => ledger.close());

describe('references to personal values', () => {
  it('are the salted hash of the value, in base32', () => {
    // checked against Python: base64.b32encode(hashlib.sha256(b'salt\nada@example.com').digest())[:26].lower()
    expect(personalRef('salt', 'ada@example.com')).toBe('p_hvwrlk6ythh5bdsomcolg2uqxq');
    expect(personalRef('other', 'ada@example.com')).not.toBe(personalRef('salt', 'ada@example.com'));
  });

  it('are the same for the same value in the same request, and differ between requests', async () => {
    const [one, other] = [newId(), newId()];
    const values = ['ada@example.com', 'ben@example.com', 'ada@example.com', ''];
    const refs = await ledger.api.keepPersonal(one, values);
    expect(refs).toHaveLength(4);
    expect(refs[0]).toMatch(/^p_[a-z2-7]{26}$/);
    expect(refs[2]).toBe(refs[0]);
    expect(new Set(refs).size).toBe(3);
    expect(await ledger.worker.keepPersonal(one, ['ben@example.com'])).toEqual([refs[1]]);
    expect(await ledger.worker.keepPersonal(other, ['ben@example.com'])).not.toEqual([refs[1]]);
    expect(await ledger.worker.personal([...refs, 'p_unknown'])).toEqual(
      new Map(refs.map((ref, i) => [ref, values[i]])),
    );
  });

  it('are one when twenty keep the same value at once', async () => {
    const requestId = newId();
    const refs = await Promise.all(
      Array.from({ length: 20 }, () => ledger.worker.keepPersonal(requestId, ['chi@example.com'])),
    );
    expect(new Set(refs.flat()).size).toBe(1);
  });

  it('do not lead to another value that somebody put behind them', async () => {
    const [ref = ''] = await ledger.api.keepPersonal(newId(), ['dora@example.com']);
    const admin = new LedgerDatabase({
      connectionString: ledger.adminUrl,
      applicationName: 'test',
      poolSize: 1,
    });
    await admin.query('edit', 'alter table gatehouse.personal disable trigger personal_erasable');
    await admin.query('edit', `update gatehouse.personal set value = 'mallory@example.com' where ref = $1`, [
      ref,
    ]);
    await admin.close();
    await expect(ledger.worker.personal([ref])).rejects.toMatchObject({ name: 'LedgerCorrupt' });
  });
});

describe('erasing', () => {
  it('removes value and salt, leaves the chain as it was, and is for the owner alone', async () => {
    const requestId = await permitted(ledger);
    const [kept = '', erased = ''] = await ledger.api.keepPersonal(requestId, [
      'a reason',
      'emil@example.com',
    ]);
    const before = await ledger.auditor.storedEntriesAfter(0, 1_000);
    for (const role of ['api', 'worker', 'auditor'] as const) {
      await expect(erasePersonal(ledger.database(role), requestId)).rejects.toMatchObject({
        name: 'LedgerMisconfigured',
      });
    }
    expect(await erasePersonal(ledger.database('owner'), requestId, [erased])).toBe(1);
    expect(await ledger.worker.personal([kept, erased])).toEqual(new Map([[kept, 'a reason']]));
    expect(await erasePersonal(ledger.database('owner'), requestId)).toBe(1);
    expect(await erasePersonal(ledger.database('owner'), requestId)).toBe(0);
    const rows = await ledger
      .database('owner')
      .query('look', 'select * from gatehouse.personal where request_id = $1', [requestId]);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatchObject({ value: null, salt: null });
    expect(await ledger.auditor.storedEntriesAfter(0, 1_000)).toEqual(before);
    expect(verifyChain(before, [])).toEqual([]);
  });

  it('does not bring an erased value back: the same value gets a new reference', async () => {
    const requestId = newId();
    const [first = ''] = await ledger.api.keepPersonal(requestId, ['fay@example.com']);
    await erasePersonal(ledger.database('owner'), requestId);
    const [second = ''] = await ledger.api.keepPersonal(requestId, ['fay@example.com']);
    expect(second).not.toBe(first);
    expect(await ledger.api.personal([first, second])).toEqual(new Map([[second, 'fay@example.com']]));
  });
});
