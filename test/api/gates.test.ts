import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyDecision } from '../../src/security/attestation.js';
import { digest } from '../../src/security/canonical.js';
import { type Answer, askBody, EVIDENCE, Gatehouse, type PersonName } from './gatehouse.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

/** A planned request whose gates wait, and a way to decide on it. */
async function waiting(fleet: string, options?: Parameters<Gatehouse['plan']>[1]) {
  const id = await gatehouse.ask(fleet);
  const shown = await gatehouse.plan(id, options);
  const decide = (name: PersonName, changes: object = {}, gate = 'procurement'): Promise<Answer> =>
    gatehouse.as(name, 'POST', `/v1/requests/${id}/gates/${gate}/decisions`, {
      decision: 'approve',
      ...shown,
      evidence: EVIDENCE,
      ...changes,
    });
  return { id, shown, decide, decisions: () => gatehouse.entries(id, 'decision.made') };
}

describe('what waits for me', () => {
  it('lists exactly the gates where I may decide and have not yet', async () => {
    const { id, decide } = await waiting('inbox');
    const inboxOf = async (name: PersonName) => (await gatehouse.as(name, 'GET', '/v1/inbox')).at('items');
    expect(await inboxOf('ben')).toEqual([
      expect.objectContaining({
        requestId: id,
        gate: 'procurement',
        service: 'otterize',
        fleet: 'inbox',
        targets: 2,
      }),
    ]);
    expect(await inboxOf('chi')).toEqual([expect.objectContaining({ gate: 'data-protection' })]);
    expect(await inboxOf('ada')).toEqual([]);
    // the other account of the requester holds the group, and is the requester all the same
    expect(await inboxOf('adm-ada')).toEqual([]);
    expect((await decide('ben')).status).toBe(201);
    expect(await inboxOf('ben')).toEqual([]);
  });
});

describe('what is asked', () => {
  it('is shown whole: request, plan, policy, evidence wanted', async () => {
    const id = await gatehouse.ask('asked', { reason: 'Observability for the harbour' });
    const { planDigest } = await gatehouse.plan(id);
    const answer = await gatehouse.as('ben', 'GET', `/v1/requests/${id}/gates/procurement`);
    expect(answer.body).toMatchObject({
      requestId: id,
      gate: 'procurement',
      state: 'open',
      epoch: 1,
      planDigest,
      asked: {
        service: 'otterize',
        requester: 'ada (person p-ada)',
        requestedFor: 'emil@example.com',
        ticket: 'CHG0042',
        reason: 'Observability for the harbour',
      },
      policy: { name: 'saas', group: 'procurement', need: 1 },
      evidence: [
        { name: 'contractNumber' },
        { name: 'licences', rule: expect.stringContaining('at least 2') },
        { name: 'validUntil' },
      ],
      mine: { mayDecide: true },
    });
    expect(answer.at('plan.targets.target')).toEqual(['harbour-01/dev', 'harbour-02/prod']);
    const ada = await gatehouse.as('ada', 'GET', `/v1/requests/${id}/gates/procurement`);
    expect(ada.at('mine')).toMatchObject({ mayDecide: false, why: expect.stringContaining('somebody else') });
    expect((await gatehouse.as('ben', 'GET', `/v1/requests/${id}/gates/nothing`)).status).toBe(404);
  });
});

describe('deciding', () => {
  it('is attested, appended and kept for the workflow', async () => {
    const { id, shown, decide, decisions } = await waiting('attested');
    const answer = await decide('ben', { comment: 'Budget is there' });
    expect(answer.status).toBe(201);
    const [entry] = await decisions();
    expect(answer.body).toEqual({
      requestId: id,
      gate: 'procurement',
      epoch: 1,
      decision: 'approve',
      jti: entry?.body.jti,
      seq: entry?.seq,
    });
    const claims = await verifyDecision(entry?.body.envelope ?? '', gatehouse.deps.ring);
    expect(claims).toMatchObject({
      requestId: id,
      planDigest: shown.planDigest,
      gate: 'procurement',
      decision: 'approve',
      evidence: EVIDENCE,
      approver: { issuer: gatehouse.provider.issuer, accountId: 'acc-ben', personId: 'p-ben' },
      commentHash: digest(entry?.body.comment ?? ''),
    });
    const comment = await gatehouse.ledger.api.personal([entry?.body.comment ?? '']);
    expect([...comment.values()]).toEqual(['Budget is there']);
    expect(JSON.stringify(await gatehouse.ledger.api.storedEntriesOf(id))).not.toContain('Budget');
    // first the start, then the news of the decision
    const start = (await gatehouse.ledger.api.claimOutbox(200)).find(({ requestId }) => requestId === id);
    await gatehouse.ledger.api.outboxDelivered(start?.id ?? 0);
    const news = (await gatehouse.ledger.api.claimOutbox(200)).find(({ requestId }) => requestId === id);
    expect(JSON.parse(news?.payload ?? '')).toEqual({
      workflowId: 'fleet/otterize/attested',
      jti: entry?.body.jti,
      envelope: entry?.body.envelope,
    });
    expect((await gatehouse.as('ada', 'GET', `/v1/requests/${id}`)).at('gates.state')).toEqual([
      'passed',
      'open',
    ]);
  });

  it('twice the same is one decision, the other way round is refused', async () => {
    const { decide, decisions } = await waiting('twice');
    const first = await decide('ben');
    const again = await decide('ben');
    const opposite = await decide('ben', { decision: 'reject' });
    expect([first.status, again.status, opposite.status]).toEqual([201, 200, 409]);
    expect(again.text('jti')).toBe(first.text('jti'));
    expect(opposite.text('type')).toBe('urn:gatehouse:problem:already-decided');
    expect(await decisions()).toHaveLength(1);
  });

  it('ten clicks at once are one vote', async () => {
    const { decide, decisions } = await waiting('clicks');
    const answers = await Promise.all(Array.from({ length: 10 }, () => decide('ben')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    // whoever came a moment later is answered with what is recorded
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
    expect(new Set(answers.map((answer) => answer.text('jti'))).size).toBe(1);
    expect(await decisions()).toHaveLength(1);
  });

  it('a no needs no evidence', async () => {
    const { decide, decisions } = await waiting('no');
    expect((await decide('chi', { decision: 'reject', evidence: {} }, 'data-protection')).status).toBe(201);
    expect((await decisions())[0]?.body.decision).toBe('reject');
    const yes = await decide('ben');
    expect([yes.status, yes.text('decision')]).toEqual([201, 'approve']);
  });

  it.each<[string, PersonName, object, number, string]>([
    ['by the requester', 'ada', {}, 403, 'four-eyes'],
    ['by another account of the requester', 'adm-ada', {}, 403, 'four-eyes'],
    ['by an operator', 'olga', {}, 403, 'not-an-approver'],
    ['by the approver of another gate', 'chi', {}, 403, 'not-an-approver'],
    ['by somebody who may not see it', 'stranger', {}, 404, 'not-found'],
    ['on an epoch that was never asked', 'ben', { epoch: 2 }, 409, 'outdated'],
    ['on another plan', 'ben', { planDigest: 'b'.repeat(64) }, 409, 'outdated'],
    ['without evidence', 'ben', { evidence: {} }, 422, 'invalid-evidence'],
    ['with too few licences', 'ben', { evidence: { ...EVIDENCE, licences: '1' } }, 422, 'invalid-evidence'],
    [
      'with a contract of the past',
      'ben',
      { evidence: { ...EVIDENCE, validUntil: '2001-01-01' } },
      422,
      'invalid-evidence',
    ],
    ['neither yes nor no', 'ben', { decision: 'maybe' }, 400, 'malformed'],
    ['with a field that nobody knows', 'ben', { force: true }, 400, 'malformed'],
  ])('is refused %s', async (title, name, changes, status, problem) => {
    const { id, decide } = await waiting(`refused-${title.replaceAll(' ', '-').slice(0, 40)}`);
    const answer = await decide(name, changes);
    expect([answer.status, answer.text('type')]).toEqual([status, `urn:gatehouse:problem:${problem}`]);
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
    if (status === 400) return;
    const audited = await gatehouse.entries(id, 'call.refused');
    expect(audited).toMatchObject([
      {
        body: { route: 'POST /v1/requests/:requestId/gates/:gate/decisions', status, by: { kind: 'person' } },
      },
    ]);
  });

  it('names both numbers when the licences do not reach', async () => {
    const { decide } = await waiting('licences');
    const answer = await decide('ben', { evidence: { ...EVIDENCE, licences: '1' } });
    expect(answer.at('faults')).toEqual([
      { place: 'evidence.licences', message: expect.stringContaining('1 licences do not cover 2 clusters') },
    ]);
  });

  it('is refused by the one whom it is for', async () => {
    const { decide } = await waiting('beneficiary', { beneficiary: 'p-ben' });
    expect((await decide('ben')).text('type')).toBe('urn:gatehouse:problem:four-eyes');
  });

  it('is refused by a machine, whatever groups its token names', async () => {
    const { id, shown, decisions } = await waiting('machine');
    const token = await gatehouse.provider.token({
      sub: 'robot',
      client_id: 'robot',
      groups: [gatehouse.deps.inventory.spec.groups.procurement ?? ''],
    });
    const answer = await gatehouse.call({
      method: 'POST',
      url: `/v1/requests/${id}/gates/procurement/decisions`,
      headers: { authorization: `Bearer ${token}` },
      payload: { decision: 'approve', ...shown, evidence: EVIDENCE },
    });
    expect(answer.status).toBe(404);
    // the machine that asked sees its request, and is told why it may not decide
    const own = await gatehouse.call({
      method: 'POST',
      url: '/v1/requests',
      headers: { authorization: `Bearer ${await gatehouse.machineToken('ticketing')}` },
      payload: askBody('by-machine'),
    });
    const plan = await gatehouse.plan(own.text('id'));
    const refused = await gatehouse.call({
      method: 'POST',
      url: `/v1/requests/${own.text('id')}/gates/procurement/decisions`,
      headers: { authorization: `Bearer ${await gatehouse.machineToken('ticketing')}` },
      payload: { decision: 'approve', ...plan, evidence: EVIDENCE },
    });
    expect(refused.text('type')).toBe('urn:gatehouse:problem:not-a-person');
    expect(await decisions()).toEqual([]);
  });

  it('wants a fresh login where the policy says so', async () => {
    const { id, shown } = await waiting('fresh');
    const now = Math.floor(Date.now() / 1000);
    const decide = async (authTime: number) =>
      gatehouse.call({
        method: 'POST',
        url: `/v1/requests/${id}/gates/data-protection/decisions`,
        headers: { authorization: `Bearer ${await gatehouse.token('chi', { auth_time: authTime })}` },
        payload: { decision: 'approve', ...shown, evidence: { assessmentUrl: 'https://example.com/dpia/7' } },
      });
    expect((await decide(now - 16 * 60)).text('type')).toBe('urn:gatehouse:problem:login-too-old');
    expect((await decide(now - 14 * 60)).status).toBe(201);
  });

  it('is refused on what was asked before, with what is asked now', async () => {
    const { id, shown, decide } = await waiting('stale');
    const next = await gatehouse.plan(id);
    const stale = await decide('ben');
    expect(stale.body).toMatchObject({ status: 409, current: { epoch: 2, planDigest: next.planDigest } });
    expect(next.planDigest).not.toBe(shown.planDigest);
    expect((await decide('ben', next)).status).toBe(201);
  });

  it('is refused before the gate opens and after it closed', async () => {
    const { id, decide } = await waiting('closed', { open: [] });
    expect((await decide('ben')).text('type')).toBe('urn:gatehouse:problem:gate-closed');
    await gatehouse.ledger.worker.openGate(id, {
      gate: 'procurement',
      epoch: 1,
      openedAt: new Date().toISOString(),
    });
    await gatehouse.ledger.worker.closeGate(id, { gate: 'procurement', epoch: 1, result: 'expired' });
    expect((await decide('ben')).status).toBe(409);
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'expired', message: 'nobody decided' });
    expect((await decide('ben')).status).toBe(409);
    expect((await gatehouse.as('ben', 'GET', '/v1/inbox')).at('items.requestId')).not.toContain(id);
  });

  it('is open to the other group once it is escalated', async () => {
    const { id, decide } = await waiting('escalated');
    expect((await decide('olga')).text('type')).toBe('urn:gatehouse:problem:not-an-approver');
    await gatehouse.ledger.worker.remindGate(id, {
      gate: 'procurement',
      epoch: 1,
      kind: 'escalation',
      number: 1,
    });
    expect((await decide('olga')).status).toBe(201);
  });

  it('is refused on a plan that is not what its digest says, with an alarm', async () => {
    const id = await gatehouse.ask('lying-worker');
    const honest = await gatehouse.plan(id);
    const [first] = await gatehouse.entries(id, 'plan.recorded');
    if (first === undefined) throw new Error('no plan');
    const { plan, totals } = first.body;
    const shown = { ...plan, epoch: 2, targets: plan.targets.slice(0, 1) };
    await gatehouse.ledger.worker.recordPlan(id, {
      epoch: 2,
      digest: honest.planDigest,
      totals,
      plan: shown,
    });
    await gatehouse.ledger.worker.openGate(id, {
      gate: 'procurement',
      epoch: 2,
      openedAt: new Date().toISOString(),
    });
    const answer = await gatehouse.as('ben', 'POST', `/v1/requests/${id}/gates/procurement/decisions`, {
      decision: 'approve',
      epoch: 2,
      planDigest: honest.planDigest,
      evidence: EVIDENCE,
    });
    expect(answer.text('type')).toBe('urn:gatehouse:problem:unsound');
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
    expect(await gatehouse.entries(id, 'alarm.raised')).toMatchObject([
      { body: { alarm: 'result-contradicts-ledger', detail: 'the plan does not match its digest' } },
    ]);
  });

  it('never happens by following a link', async () => {
    const { id } = await waiting('link');
    for (const url of [
      `/v1/requests/${id}/gates/procurement/decisions`,
      `/v1/requests/${id}/gates/procurement/decisions?decision=approve`,
    ]) {
      expect((await gatehouse.as('ben', 'GET', url)).status).toBe(405);
    }
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });
});
