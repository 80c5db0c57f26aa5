import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutboxDispatcher } from '../../src/api/outbox-dispatcher.js';
import { ProgressFeed } from '../../src/api/progress-feed.js';
import { WorkflowBusy } from '../../src/api/temporal-commands.js';
import { EVIDENCE, Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
let warnings: object[];
beforeEach(async () => {
  gatehouse = await Gatehouse.start();
  warnings = [];
});
afterEach(() => gatehouse.stop());

const dispatcher = (): OutboxDispatcher =>
  new OutboxDispatcher(gatehouse.ledger.api, gatehouse.workflows, { warn: (facts) => warnings.push(facts) });

async function decide(id: string): Promise<void> {
  const shown = await gatehouse.plan(id);
  const answer = await gatehouse.as('ben', 'POST', `/v1/requests/${id}/gates/procurement/decisions`, {
    decision: 'approve',
    ...shown,
    evidence: EVIDENCE,
  });
  expect(answer.status).toBe(201);
}

describe('the outbox', () => {
  it('starts the workflow, then tells it of decisions, each once', async () => {
    const id = await gatehouse.ask('outbox');
    await decide(id);
    const carrier = dispatcher();
    while ((await carrier.deliverDue()) > 0);
    expect(gatehouse.workflows.started).toEqual([
      { workflowId: 'fleet/otterize/outbox', workflowType: 'fleetOnboarding', requestId: id },
    ]);
    const [decision] = await gatehouse.entries(id, 'decision.made');
    expect(gatehouse.workflows.notified).toEqual([
      {
        workflowId: 'fleet/otterize/outbox',
        notice: { jti: decision?.body.jti, envelope: decision?.body.envelope },
      },
    ]);
  });

  it('keeps what cannot be delivered, in order, and never writes why in words of the client library', async () => {
    const id = await gatehouse.ask('down');
    gatehouse.workflows.down = new WorkflowBusy('secret in a message');
    await dispatcher().deliverDue();
    expect(warnings).toEqual([{ requestId: id, attempts: 1, error: 'WorkflowBusy' }]);
    const { rows } = {
      rows: await gatehouse.ledger.database('owner').query('read', 'select * from gatehouse.outbox'),
    };
    expect(JSON.stringify(rows)).not.toContain('secret');
    expect(rows).toHaveLength(1);
  });

  /** What waits for its time is due now. */
  const timePasses = () =>
    gatehouse.ledger.database('owner').query('age', 'update gatehouse.outbox set due_at = now()');
  const deliverAll = async () => {
    await timePasses();
    await dispatcher().deliverDue();
    await timePasses();
    await dispatcher().deliverDue();
  };
  const undelivered = async () =>
    (
      await gatehouse.ledger
        .database('owner')
        .query('look', 'select kind from gatehouse.outbox where delivered_at is null order by id')
    ).map(({ kind }) => kind);

  it('tells a command again that the workflow did not answer, as the same command, until it is answered', async () => {
    const id = await gatehouse.ask('unanswered');
    gatehouse.workflows.outcome = { state: 'unavailable' };
    const headers = { 'idempotency-key': 'cmd-unanswered' };
    const taken = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/pause`, {}, headers);
    expect(taken.status).toBe(202);
    await deliverAll();
    expect(await undelivered()).toEqual(['command']);
    gatehouse.workflows.outcome = { state: 'answered', answer: { accepted: true, message: 'paused' } };
    await deliverAll();
    expect(await undelivered()).toEqual([]);
    expect(gatehouse.workflows.commands.length).toBeGreaterThanOrEqual(3);
    expect(new Set(gatehouse.workflows.commands.map(({ body }) => body.commandId))).toEqual(
      new Set([taken.text('commandId')]),
    );
  });

  it('does not tell a command that was answered at once', async () => {
    const id = await gatehouse.ask('answered');
    expect((await gatehouse.as('olga', 'POST', `/v1/requests/${id}/pause`, {})).status).toBe(200);
    await deliverAll();
    expect(gatehouse.workflows.commands).toHaveLength(1);
    expect(await undelivered()).toEqual([]);
  });

  it('lets go of a command whose request has ended, and lets decisions pass a command that nobody takes', async () => {
    const id = await gatehouse.ask('ended');
    gatehouse.workflows.outcome = { state: 'unavailable' };
    await gatehouse.as('olga', 'POST', `/v1/requests/${id}/pause`, {});
    await decide(id);
    await deliverAll();
    expect(gatehouse.workflows.notified).toHaveLength(1);
    expect(await undelivered()).toEqual(['command']);
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'cancelled' });
    gatehouse.workflows.outcome = { state: 'absent' };
    await deliverAll();
    expect(await undelivered()).toEqual([]);
    // only the request's own start: nothing is started for what has ended
    expect(gatehouse.workflows.started).toHaveLength(1);
  });

  it('tells the workflow of a revocation, and starts it for that when it does not run', async () => {
    const id = await gatehouse.ask('revoked');
    await deliverAll();
    await gatehouse.as('olga', 'POST', `/v1/requests/${id}/revoke`, {});
    gatehouse.workflows.outcome = { state: 'absent' };
    await deliverAll();
    expect(gatehouse.workflows.started.map(({ requestId }) => requestId)).toContain(id);
    expect(await undelivered()).toEqual(['revocation']);
    gatehouse.workflows.outcome = { state: 'answered', answer: { accepted: true, message: 'cancelling' } };
    await deliverAll();
    expect(gatehouse.workflows.commands.at(-1)).toMatchObject({
      workflowId: 'fleet/otterize/revoked',
      command: 'cancel',
      body: { commandId: `revoke.${id}` },
    });
    expect(await undelivered()).toEqual([]);
  });

  it('is carried as soon as the ledger tells of news, and after a start of the process', async () => {
    const before = await gatehouse.ask('before-start');
    const feed = new ProgressFeed(gatehouse.ledger.api);
    const carrier = dispatcher();
    carrier.start(feed);
    const after = await gatehouse.ask('after-start');
    await expect
      .poll(() => gatehouse.workflows.started.map(({ requestId }) => requestId).sort())
      .toEqual([before, after].sort());
    await carrier.stop();
    await feed.close();
    await gatehouse.ask('after-stop');
    expect(gatehouse.workflows.started).toHaveLength(2);
  });

  it('shared by two processes delivers once', async () => {
    for (let count = 0; count < 6; count += 1) await gatehouse.ask(`shared-${count}`);
    const [one, two] = [dispatcher(), dispatcher()];
    await Promise.all([one.deliverDue(), two.deliverDue()]);
    expect(gatehouse.workflows.started).toHaveLength(6);
    expect(new Set(gatehouse.workflows.started.map(({ requestId }) => requestId)).size).toBe(6);
  });
});
