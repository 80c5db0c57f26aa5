import { describe, expect, it } from 'vitest';
import { REFUSALS } from '../../src/api/limits.js';
import { RefusalAudit } from '../../src/api/refusal-audit.js';
import type { EntryBodies } from '../../src/domain/ledger.js';

type Written = EntryBodies['call.refused'] & { readonly requestId: string | null };

function audit() {
  const written: Written[] = [];
  const failures: unknown[] = [];
  const state = { now: 1_000_000, broken: false };
  const ledger = {
    recordRefusal: async (requestId: string | null, body: EntryBodies['call.refused']): Promise<void> => {
      if (state.broken) throw new Error('down');
      written.push({ ...body, requestId });
    },
  };
  const refusals = new RefusalAudit(
    ledger,
    () => state.now,
    (error) => failures.push(error),
  );
  return { refusals, written, failures, state };
}

const refusal = { route: 'GET /v1/inbox', status: 401, reason: 'unauthenticated' } as const;

describe('refusals in the ledger', () => {
  it('writes the first of a kind at once and counts the rest of the minute', async () => {
    const { refusals, written, state } = audit();
    for (let call = 0; call < 10_001; call += 1) await refusals.note(refusal);
    expect(written).toEqual([{ ...refusal, requestId: null }]);
    state.now += REFUSALS.windowMs;
    await refusals.note(refusal);
    expect(written).toEqual([
      { ...refusal, requestId: null },
      { ...refusal, requestId: null, count: 10_000 },
      { ...refusal, requestId: null },
    ]);
  });

  it('tells apart who and what about', async () => {
    const { refusals, written } = audit();
    const by = { kind: 'person', id: 'p-ben' } as const;
    await refusals.note({ ...refusal, by });
    await refusals.note({ ...refusal, by, requestId: 'req-1' });
    await refusals.note({ ...refusal, by: { kind: 'person', id: 'p-chi' } });
    expect(written.map(({ requestId, by: who }) => [requestId, who?.id])).toEqual([
      [null, 'p-ben'],
      ['req-1', 'p-ben'],
      [null, 'p-chi'],
    ]);
  });

  it('cannot be filled by many different ones', async () => {
    const { refusals, written } = audit();
    for (let call = 0; call < 5_000; call += 1) await refusals.note({ ...refusal, requestId: `req-${call}` });
    expect(written).toHaveLength(REFUSALS.maxPerWindow);
    await refusals.flush();
    expect(written).toHaveLength(REFUSALS.maxPerWindow + 1);
    expect(written.at(-1)).toMatchObject({ count: 5_000 - REFUSALS.maxPerWindow });
  });

  it('goes on when the ledger does not answer', async () => {
    const { refusals, written, failures, state } = audit();
    state.broken = true;
    await refusals.note(refusal);
    expect(failures).toHaveLength(1);
    state.broken = false;
    await refusals.note({ ...refusal, status: 403 });
    expect(written).toHaveLength(1);
  });
});
