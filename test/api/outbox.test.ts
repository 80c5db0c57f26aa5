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
