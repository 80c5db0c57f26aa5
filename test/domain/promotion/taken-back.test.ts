import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../../src/domain/ledger.js';
import { knownAgainst } from '../../../src/domain/promotion/taken-back.js';

const entry = (seq: number, readBack: Readonly<Record<string, string>>): LedgerEntry<'check.passed'> => ({
  seq,
  at: '2026-11-25T12:00:00.000Z',
  type: 'check.passed',
  requestId: `req-${seq}`,
  body: { key: 'shop/prod:taken-back', system: 'gatehouse', readBack },
  prevHash: '',
  hash: '',
});
const LATE = entry(7, { fingerprint: 'late', why: 'wait for delivery failed' });
const EARLY = entry(3, { fingerprint: 'early', why: 'a person took it back' });

describe('a release that was taken back', () => {
  it('is told with when, by which request and why', () => {
    expect(knownAgainst('late', [LATE, EARLY], [])).toBe(
      'this release was taken back from here at 2026-11-25T12:00:00.000Z (req-7): wait for delivery failed',
    );
    expect(knownAgainst('early', [LATE, EARLY], [])).toContain('(req-3): a person took it back');
  });

  it('is like any other once it has been proven there since', () => {
    expect(knownAgainst('early', [LATE, EARLY], [entry(5, { fingerprint: 'early' })])).toBeUndefined();
    expect(knownAgainst('late', [LATE, EARLY], [entry(5, { fingerprint: 'late' })])).toContain('req-7');
  });

  it('says nothing of other releases', () => {
    expect(knownAgainst('other', [LATE, EARLY], [])).toBeUndefined();
  });
});
