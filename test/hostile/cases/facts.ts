/** The ledger's own rights, whoever has the login of the workers. */
import { expect, it } from 'vitest';
import { LedgerDatabase } from '../../../src/ledger/database.js';
import { claimsFor } from '../envelopes.js';
import type { Scene } from '../scene.js';

export function factCases(scene: () => Scene): void {
  it("the worker's login of the ledger can make no decision", async () => {
    const bait = await scene().askAndOpen();
    const mark = await scene().mark();
    const database = new LedgerDatabase({
      connectionString: scene().stack.ledgerUrl('worker'),
      applicationName: 'attacker',
    });
    const claims = await claimsFor(scene(), bait, 'procurement', 'ben');
    const body = JSON.stringify({ ...claims, personId: claims.approver.personId, envelope: 'a.b.c' });
    try {
      for (const [sql, values] of [
        ['select * from gatehouse.record_decision($1, $2, $3, $4)', [bait.requestId, body, 'decision', '{}']],
        [
          "insert into gatehouse.entry (type, request_id, body) values ('decision.made', $1, $2)",
          [bait.requestId, body],
        ],
        ["select gatehouse.worker_append('decision.made', $1, $2)", [bait.requestId, body]],
        ["select gatehouse.append('decision.made', $1, $2)", [bait.requestId, body]],
        ['update gatehouse.entry set body = $2 where request_id = $1', [bait.requestId, body]],
      ] as const) {
        await expect(database.query('attack', sql, values), sql).rejects.toThrow();
      }
    } finally {
      await database.close();
    }
    expect((await scene().entriesSince(mark)).filter(({ type }) => type === 'decision.made')).toEqual([]);
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /0 of 1/);
  });
}
