/** What permitted an effect and no longer does: revocation, expiry, membership, policy, keys. And the ledger's own rights. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { groupOf, personOf } from '../../../sandbox/world.js';
import { LedgerDatabase } from '../../../src/ledger/database.js';
import { signDecision } from '../../../src/security/attestation.js';
import { claimsFor, GATES, plant, stolenSigner } from '../envelopes.js';
import type { Bait, Scene } from '../scene.js';

export function factCases(scene: () => Scene): void {
  afterEach(() => scene().startAll());

  /** Everybody agrees, and the run that would go on with it is gone: only the attacker is left. */
  async function approvedAndLeft(): Promise<Bait> {
    const bait = await scene().askAndOpen();
    await scene().attacker.terminate(bait.fleetId);
    await scene().approve(bait);
    return bait;
  }

  it('a revoked request permits no effect', async () => {
    const bait = await approvedAndLeft();
    await scene().ledger.revokeRequest(bait.requestId, { by: { kind: 'person', id: 'E-1009' } });
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /was revoked/);
  });

  it('a cancelled request begins no effect, although its run was ended before it could close it', async () => {
    const bait = await scene().askAndOpen();
    await scene().stop('workflows');
    await scene().approve(bait);
    const beforeCancel = await scene().mark();
    // answered only when the workflow is told, which the attacker hinders
    const cancelled = scene().api.call('olga', 'POST', `/v1/requests/${bait.requestId}/cancel`);
    await scene().eventually('the command in the ledger', async () =>
      (await scene().entriesSince(beforeCancel)).find(({ type }) => type === 'command.given'),
    );
    await scene().attacker.terminate(bait.fleetId);
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /was cancelled/);
    await scene().start('workflows');
    await cancelled;
  });

  it('a gate that was not decided in time permits no effect, although it was approved', async () => {
    const bait = await approvedAndLeft();
    for (const gate of GATES) {
      await scene().workerLedger.closeGate(bait.requestId, { gate, epoch: 1, result: 'expired' });
    }
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /gate-not-passed/);
  });

  describe('facts outside the ledger', () => {
    it('an approver who left the group between decision and effect does not count', async () => {
      const { stack } = scene();
      const directory = new ControlClient(stack.address('directory'));
      const group = groupOf(stack.world, 'procurement');
      const ben = personOf(stack.world, 'ben');
      const bait = await approvedAndLeft();
      // the worker starts anew: it believes an answer of the directory for a minute
      await scene().stop('systems');
      const members = group.members.filter(({ id }) => id !== ben.id);
      await directory.post('/groups', { id: group.id, displayName: group.name, members });
      try {
        await scene().start('systems');
        const mark = await scene().mark();
        expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
        await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open \(0 of 1\)/);
      } finally {
        await directory.post('/groups', { id: group.id, displayName: group.name, members: group.members });
        await scene().stop('systems');
      }
    });

    it('a policy that was strengthened meanwhile counts at once', async () => {
      const file = join(scene().stack.installation.folder, 'policies', 'saas.yaml');
      const before = readFileSync(file, 'utf8');
      const bait = await approvedAndLeft();
      await scene().stop('systems');
      writeFileSync(file, strengthened(before));
      try {
        await scene().start('systems');
        const mark = await scene().mark();
        expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
        await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /under the policy in force now/);
      } finally {
        writeFileSync(file, before);
        await scene().stop('systems');
      }
    });
  });

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

  it('decisions signed with a stolen key after its revocation permit nothing', async () => {
    const bait = await scene().askAndOpen();
    await scene().attacker.terminate(bait.fleetId);
    const signer = await stolenSigner(scene());
    await scene().ledger.revokeKey({ kid: signer.kid });
    for (const gate of GATES) {
      const claims = await claimsFor(scene(), bait, gate, gate === 'procurement' ? 'ben' : 'chi', {
        issuedAt: '2020-01-01T00:00:00.000Z',
      });
      const { personId } = claims.approver;
      await plant(scene(), bait, claims, await signDecision(claims, signer), { personId });
    }
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'invalid-signature', bait, /was revoked/);
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait);
  });
}

/** The same policy, but two of procurement must agree. */
function strengthened(policy: string): string {
  const value: unknown = parse(policy);
  return stringify(
    JSON.parse(JSON.stringify(value), (key: string, part: unknown) => (key === 'need' ? 2 : part)),
  );
}
