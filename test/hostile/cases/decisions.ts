/** Attacks with decisions: made up, copied, replayed, out of date, by the wrong person. */
import { beforeAll, describe, expect, it } from 'vitest';
import { exampleEvidence, fleetText } from '../../../sandbox/stack/example-files.js';
import { personOf } from '../../../sandbox/world.js';
import { entriesOfType } from '../../../src/domain/record.js';
import { signDecision } from '../../../src/security/attestation.js';
import { canonicalJson, digest } from '../../../src/security/canonical.js';
import { claimsFor, FORGERIES, GATES, plant, stolenSigner } from '../envelopes.js';
import type { Bait, Scene } from '../scene.js';

export function decisionCases(scene: () => Scene): void {
  describe('a decision that the ledger does not hold', () => {
    let bait: Bait;
    beforeAll(async () => {
      bait = await scene().askAndOpen();
    });

    for (const [name, { forge }] of Object.entries(FORGERIES)) {
      it(`a forged decision signal is dropped: ${name}`, async () => {
        const { attacker } = scene();
        const mark = await scene().mark();
        for (const gate of GATES) {
          const claims = await claimsFor(scene(), bait, gate, gate === 'procurement' ? 'ben' : 'chi');
          await attacker.signal(bait.fleetId, { jti: claims.jti, envelope: await forge(scene(), claims) });
        }
        await scene().expectAlarmAndNoEffect(mark, 'decision-not-in-ledger', bait);
        expect((await scene().api.status(bait.requestId)).status).toBe('waiting');
      });
    }

    it('a decision signal encrypted with a key of his own is dropped', async () => {
      const mark = await scene().mark();
      const news = await scene().attacker.encrypted({ jti: 'made-up', envelope: 'a.b.c' }, bait.fleetId);
      await scene().attacker.signalRaw(bait.fleetId, [news]);
      await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', bait);
    });

    it('a decision of another request, copied with its signature, is dropped', async () => {
      const other = await scene().askAndOpen();
      await scene().approveProcurement(other);
      const [captured] = entriesOfType((await scene().record(other)).entries, 'decision.made');
      const mark = await scene().mark();
      await scene().attacker.signal(bait.fleetId, {
        jti: captured?.body.jti,
        envelope: captured?.body.envelope,
      });
      await scene().expectAlarmAndNoEffect(mark, 'decision-not-in-ledger', bait);
    });
  });

  for (const [field, from, to] of [
    ['project', 'platform/clusters', 'platform/fleets'],
    ['file', '{cluster}/{stage}/otterize.yaml', 'inventory.yaml'],
    ['key', 'mode: client-id', 'mode: client-id\n      key: spec.images'],
  ] as const) {
    it(`a fleet that names a free ${field} is refused before anybody is asked`, async () => {
      const { world } = scene().stack;
      const [cluster] = world.clusters;
      if (cluster === undefined) throw new Error('the world has no cluster');
      const asked = fleetText(world, { name: `free-${field}`, clusters: [cluster], groups: [] });
      const mark = await scene().mark();
      await expect(scene().api.request(asked.replace(from, to))).rejects.toThrow(/invalid-manifest/);
      expect(await scene().effectsSince(mark)).toEqual([]);
      expect(asked).toContain(from);
    });
  }

  it('the same decision sent again, many times at once, counts once', async () => {
    const bait = await scene().askAndOpen();
    await scene().approveProcurement(bait);
    const [captured] = entriesOfType((await scene().record(bait)).entries, 'decision.made');
    const mark = await scene().mark();
    const news = { jti: captured?.body.jti, envelope: captured?.body.envelope };
    await Promise.all([1, 2, 3, 4].map(() => scene().attacker.signal(bait.fleetId, news)));
    await scene().expectAlarmAndNoEffect(mark, 'decision-replayed', bait);
    const status = await scene().api.status(bait.requestId);
    expect(status.gates.find(({ gate }) => gate === 'procurement')).toMatchObject({ approvals: 1 });
    expect(status.gates.find(({ gate }) => gate === 'data-protection')).toMatchObject({ state: 'open' });
  });

  describe('an epoch that is over', () => {
    let bait: Bait;
    beforeAll(async () => {
      bait = await scene().askAndOpen();
      await scene().attacker.terminate(bait.fleetId);
      await scene().approve(bait);
      // what is asked changes: the plan is made anew
      const { epoch, plan } = await scene().plan(bait);
      const next = { ...plan, epoch: epoch + 1, plannedAt: new Date().toISOString() };
      await scene().workerLedger.recordPlan(bait.requestId, {
        epoch: next.epoch,
        digest: digest(canonicalJson(next)),
        totals: { create: 6, change: 1, adopt: 0, conflict: 0 },
        plan: next,
      });
    });

    it('a decision signal of an earlier epoch raises an alarm', async () => {
      const [captured] = entriesOfType((await scene().record(bait)).entries, 'decision.made');
      await scene().attacker.startByHand('fleetOnboarding', bait.fleetId, {
        requestId: bait.requestId,
        timing: 'brisk',
      });
      await scene().opened(bait);
      const mark = await scene().mark();
      await scene().attacker.signal(bait.fleetId, { jti: captured?.body.jti, envelope: '' });
      await scene().expectAlarmAndNoEffect(mark, 'decision-replayed', bait);
    });

    it('the API refuses a decision on an earlier epoch', async () => {
      const { digest: planDigest } = await scene().plan(bait);
      const mark = await scene().mark();
      await expect(
        scene().api.call('chi', 'POST', `/v1/requests/${bait.requestId}/gates/data-protection/decisions`, {
          decision: 'approve',
          epoch: 1,
          planDigest,
          evidence: exampleEvidence('data-protection', 1),
        }),
      ).rejects.toMatchObject({ status: 409 });
      await scene().expectRefusalAndNoEffect(mark, 'outdated', bait);
    });
  });

  describe('somebody who may not decide', () => {
    let bait: Bait;
    beforeAll(async () => {
      bait = await scene().askAndOpen();
    });

    const cases = [
      ['the requester under another account of hers', 'adm-ada', 'four-eyes'],
      ['somebody of another group', 'olga', 'not-an-approver'],
    ] as const;
    for (const [name, person, reason] of cases) {
      it(`the API refuses ${name}`, async () => {
        const { epoch, digest: planDigest } = await scene().plan(bait);
        const mark = await scene().mark();
        await expect(
          scene().api.call(person, 'POST', `/v1/requests/${bait.requestId}/gates/procurement/decisions`, {
            decision: 'approve',
            epoch,
            planDigest,
            evidence: exampleEvidence('procurement', 1),
          }),
        ).rejects.toMatchObject({ status: 403 });
        await scene().expectRefusalAndNoEffect(mark, reason, bait);
      });
    }

    it('a stranger learns nothing and decides nothing', async () => {
      const { epoch, digest: planDigest } = await scene().plan(bait);
      const mark = await scene().mark();
      await expect(
        scene().api.call('fay', 'POST', `/v1/requests/${bait.requestId}/gates/procurement/decisions`, {
          decision: 'approve',
          epoch,
          planDigest,
          evidence: exampleEvidence('procurement', 1),
        }),
      ).rejects.toMatchObject({ status: 404 });
      await scene().expectRefusalAndNoEffect(mark, 'not-visible', bait);
    });

    it('an alias of the requester does not count, even signed with the real key as somebody else', async () => {
      await scene().approveDataProtection(bait);
      const alias = personOf(scene().stack.world, 'adm-ada');
      const claims = await claimsFor(scene(), bait, 'procurement', 'adm-ada', {
        approver: {
          issuer: scene().stack.address('oidc'),
          subject: alias.id,
          accountId: alias.id,
          personId: 'E-9999',
        },
      });
      const envelope = await signDecision(claims, await stolenSigner(scene()));
      await scene().attacker.terminate(bait.fleetId);
      await plant(scene(), bait, claims, envelope, { personId: 'E-9999' });
      const mark = await scene().mark();
      expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
      await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /procurement is open/);
    });
  });

  it('a no that everybody keeps silent about still stands', async () => {
    const bait = await scene().askAndOpen();
    // its workflow is gone before the no, so nothing but the ledger knows of it
    await scene().attacker.terminate(bait.fleetId);
    await scene().approveProcurement(bait);
    await scene().api.decide('chi', bait.requestId, 'data-protection', 'reject');
    const yes = await claimsFor(scene(), bait, 'data-protection', 'chi');
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait, { decisions: [yes] })).toBe('InvalidInput');
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait, /data-protection is rejected/);
  });

  for (const [name, { forge, fault }] of Object.entries(FORGERIES)) {
    it(`a forged decision permits nothing, even when it stands in the ledger: ${name}`, async () => {
      const bait = await scene().askAndOpen();
      await scene().attacker.terminate(bait.fleetId);
      for (const gate of GATES) {
        const claims = await claimsFor(scene(), bait, gate, gate === 'procurement' ? 'ben' : 'chi');
        const { personId } = claims.approver;
        await plant(scene(), bait, claims, await forge(scene(), claims), { personId });
      }
      const mark = await scene().mark();
      expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
      await scene().expectAlarmAndNoEffect(mark, 'invalid-signature', bait, fault);
      await scene().expectAlarmAndNoEffect(mark, 'effect-refused', bait);
    });
  }

  it('decisions of another request, copied into the ledger with their signatures, permit nothing', async () => {
    const [bait, other] = [await scene().askAndOpen(), await scene().askAndOpen()];
    await scene().attacker.terminate(bait.fleetId);
    await scene().attacker.terminate(other.fleetId);
    await scene().approve(other);
    for (const { body } of entriesOfType((await scene().record(other)).entries, 'decision.made')) {
      const { gate, epoch, personId, envelope } = body;
      await plant(scene(), bait, { gate, epoch, jti: crypto.randomUUID() }, envelope, { personId });
    }
    const mark = await scene().mark();
    expect(await scene().attemptOrganisation(bait)).toBe('EffectRefused');
    await scene().expectAlarmAndNoEffect(mark, 'invalid-signature', bait, /bound to another request/);
  });
}
