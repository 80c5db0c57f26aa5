import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeRequest } from '../../src/activities/ledger/endings.js';
import { Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
let id: string;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());
beforeEach(async () => {
  id = await gatehouse.ask(`fleet-${Math.random().toString(36).slice(2)}`);
  gatehouse.workflows.commands.length = 0;
  gatehouse.workflows.afterStart = { state: 'absent' };
  gatehouse.workflows.outcome = { state: 'answered', answer: { accepted: true, message: 'noted' } };
});

describe('commands', () => {
  it('are entries in the ledger first, then go to the workflow, whose answer is given', async () => {
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/retry`, {
      targets: ['harbour-01/dev'],
    });
    expect([answer.status, answer.text('message')]).toEqual([200, 'noted']);
    const commandId = answer.text('commandId');
    expect((await gatehouse.entries(id, 'command.given')).map(({ body }) => body)).toEqual([
      { commandId, command: 'retry', targets: ['harbour-01/dev'], by: { kind: 'person', id: 'p-olga' } },
    ]);
    expect(gatehouse.workflows.commands).toMatchObject([
      { command: 'retry', body: { commandId, targets: ['harbour-01/dev'] } },
    ]);
  });

  it('without a body mean all targets; to skip, targets must be named', async () => {
    const authorization = `Bearer ${await gatehouse.token('olga')}`;
    for (const command of ['pause', 'resume', 'retry', 'cancel']) {
      const answer = await gatehouse.call({
        method: 'POST',
        url: `/v1/requests/${id}/${command}`,
        headers: { authorization },
      });
      expect([command, answer.status]).toEqual([command, 200]);
    }
    expect(gatehouse.workflows.commands.map(({ command, body }) => [command, body.targets])).toEqual([
      ['pause', []],
      ['resume', []],
      ['retry', []],
      ['cancel', []],
    ]);
    expect((await gatehouse.as('olga', 'POST', `/v1/requests/${id}/skip`, {})).status).toBe(400);
    expect((await gatehouse.as('olga', 'POST', `/v1/requests/${id}/skip`, { targets: [] })).status).toBe(400);
  });

  it('name targets of this request only', async () => {
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/skip`, {
      targets: ['harbour-99/dev'],
    });
    expect(answer.body).toMatchObject({ status: 400, faults: [{ place: 'targets[0]' }] });
    expect(await gatehouse.entries(id, 'command.given')).toEqual([]);
  });

  it('of the same Idempotency-Key are one command', async () => {
    const headers = { 'idempotency-key': 'cmd-1' };
    const send = (command: string) =>
      gatehouse.as('olga', 'POST', `/v1/requests/${id}/${command}`, {}, headers);
    const answers = [await send('pause'), await send('pause')];
    const commandId = answers[0]?.text('commandId') ?? '';
    expect(answers.map((answer) => [answer.status, answer.text('commandId')])).toEqual([
      [200, commandId],
      [200, commandId],
    ]);
    expect(await gatehouse.entries(id, 'command.given')).toHaveLength(1);
    // the id that was answered repeats the very command
    const again = await gatehouse.as(
      'olga',
      'POST',
      `/v1/requests/${id}/pause`,
      {},
      { 'idempotency-key': commandId },
    );
    expect(again.text('commandId')).toBe(commandId);
    expect(await gatehouse.entries(id, 'command.given')).toHaveLength(1);
    expect((await send('resume')).text('type')).toBe('urn:gatehouse:problem:key-reused');
  });

  it('of two people with the same Idempotency-Key are two commands', async () => {
    const headers = { 'idempotency-key': 'deploy-7' };
    const give = (person: 'olga' | 'ada', command: string) =>
      gatehouse.as(person, 'POST', `/v1/requests/${id}/${command}`, {}, headers);
    expect((await give('olga', 'pause')).status).toBe(200);
    expect((await give('ada', 'cancel')).status).toBe(200);
    expect(await gatehouse.entries(id, 'command.given')).toHaveLength(2);
  });

  it('may be taken back by who asked: cancel only', async () => {
    expect((await gatehouse.as('ada', 'POST', `/v1/requests/${id}/cancel`, {})).status).toBe(200);
    expect((await gatehouse.as('ada', 'POST', `/v1/requests/${id}/pause`, {})).status).toBe(403);
  });

  it.each([
    { by: 'ada', words: 'cancelled by whoever asked for it' },
    { by: 'olga', words: 'cancelled by an operator' },
  ] as const)('say in the end by whom it was cancelled: $words', async ({ by, words }) => {
    await gatehouse.as(by, 'POST', `/v1/requests/${id}/cancel`, {});
    const { worker } = gatehouse.ledger;
    expect(await closeRequest(worker, id, 'cancelled')).toMatchObject({ message: words });
  });

  it('that the workflow refuses are said so', async () => {
    gatehouse.workflows.outcome = {
      state: 'answered',
      answer: { accepted: false, message: 'nothing has failed' },
    };
    const refused = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/retry`, {});
    expect([refused.status, refused.text('detail')]).toEqual([409, 'nothing has failed']);
  });

  it('that nobody answers in time are recorded all the same, and say what happens next', async () => {
    gatehouse.workflows.outcome = { state: 'unavailable' };
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/pause`, {});
    expect([answer.status, answer.text('message')]).toEqual([202, expect.stringContaining('told "pause"')]);
    expect(await gatehouse.entries(id, 'command.given')).toHaveLength(1);
    expect((await gatehouse.as('olga', 'GET', `/v1/requests/${id}`)).status).toBe(200);
  });

  it('start the workflow of an open request again when it does not run', async () => {
    gatehouse.workflows.started.length = 0;
    gatehouse.workflows.outcome = { state: 'absent' };
    gatehouse.workflows.afterStart = {
      state: 'answered',
      answer: { accepted: false, message: 'no failed cluster to retry' },
    };
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/retry`, {});
    expect([answer.status, answer.text('message')]).toEqual([200, expect.stringContaining('started again')]);
    expect(gatehouse.workflows.commands.map(({ command }) => command)).toEqual(['retry', 'retry']);
    expect(gatehouse.workflows.started).toMatchObject([{ workflowType: 'fleetOnboarding', requestId: id }]);
  });

  it('to revoke are for operators, are in the ledger, and show at once', async () => {
    const revoke = (name: 'ada' | 'olga') => gatehouse.as(name, 'POST', `/v1/requests/${id}/revoke`, {});
    expect((await revoke('ada')).status).toBe(403);
    expect(await gatehouse.entries(id, 'request.revoked')).toEqual([]);
    expect([(await revoke('olga')).status, (await revoke('olga')).status]).toEqual([202, 202]);
    expect((await gatehouse.entries(id, 'request.revoked')).map(({ body }) => body)).toEqual([
      { by: { kind: 'person', id: 'p-olga' } },
    ]);
    const status = await gatehouse.as('olga', 'GET', `/v1/requests/${id}`);
    expect([status.text('status'), status.at('waitingFor.next')]).toEqual([
      'revoked',
      ['the request ends as revoked'],
    ]);
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'revoked', message: 'the request was revoked' });
    expect((await gatehouse.as('olga', 'GET', `/v1/requests/${id}`)).at('waitingFor')).toEqual([]);
    const other = await gatehouse.ask('ended-before-it-was-revoked');
    await gatehouse.ledger.worker.endRequest(other, { outcome: 'cancelled', message: 'cancelled' });
    const late = await gatehouse.as('olga', 'POST', `/v1/requests/${other}/revoke`, {});
    expect(late.text('type')).toBe('urn:gatehouse:problem:ended');
  });

  it('come too late after the end', async () => {
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'cancelled' });
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/pause`, {});
    expect(answer.text('type')).toBe('urn:gatehouse:problem:ended');
    expect(gatehouse.workflows.commands).toEqual([]);
  });
});
