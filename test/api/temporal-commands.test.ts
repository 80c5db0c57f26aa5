import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporalWorkflows, WorkflowBusy } from '../../src/api/temporal-commands.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { sharedTemporal, uniqueName } from '../support/stack.js';

let connection: Connection;
let client: Client;
let workflows: TemporalWorkflows;
beforeAll(async () => {
  const { address, namespace } = await sharedTemporal();
  connection = await Connection.connect({ address });
  client = new Client({ connection, namespace });
  // nobody serves this queue: what is tested is what Temporal itself keeps
  const prefix = uniqueName('unserved');
  workflows = new TemporalWorkflows({
    client,
    connection,
    place: { namespace, taskQueuePrefix: prefix, queues: ['workflows', 'plan'] },
    taskQueue: `${prefix}-workflows`,
    timing: 'brisk',
  });
});
afterAll(() => connection.close());

describe('workflows through Temporal', () => {
  it('start once per request, and wait while another request holds the id', async () => {
    const workflowId = uniqueName('fleet/otterize');
    await workflows.start(workflowId, 'fleetOnboarding', 'req-1');
    await workflows.start(workflowId, 'fleetOnboarding', 'req-1');
    await expect(workflows.start(workflowId, 'fleetOnboarding', 'req-2')).rejects.toThrow(WorkflowBusy);
    const handle = client.workflow.getHandle(workflowId);
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes[SEARCH_ATTRIBUTES.request.name]).toEqual(['req-1']);

    await workflows.notify(workflowId, { jti: 'jti-1', envelope: 'a.b.c' });
    const { events } = await handle.fetchHistory();
    expect(
      events?.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? null),
    ).toContain('decision');

    await handle.terminate('the test is over');
    await workflows.start(workflowId, 'fleetOnboarding', 'req-2');
    await client.workflow.getHandle(workflowId).terminate('the test is over');
  });

  it('that no worker takes up say so, and so does the namespace', async () => {
    const workflowId = uniqueName('fleet/otterize');
    await workflows.start(workflowId, 'fleetOnboarding', 'req-3');
    expect(await workflows.look(workflowId)).toEqual({
      state: 'running',
      attempts: [{ what: 'workflow', number: 1, state: 'untaken', sinceMs: expect.any(Number) }],
    });
    const fit = await workflows.fitness();
    expect(fit.map(({ subject, isFit }) => [subject, isFit])).toEqual([
      ['namespace', true],
      ['search attributes', true],
      ['workers', false],
    ]);
    expect(fit[2]?.detail).toMatch(/No worker asks for work of unserved-\w+-workflows, unserved-\w+-plan/);
    await client.workflow.getHandle(workflowId).terminate('the test is over');
  });

  it('in a namespace that is not there are not fit to start', async () => {
    const misspelt = new TemporalWorkflows({
      client,
      connection,
      place: { namespace: 'gatehouse-typo', taskQueuePrefix: 'gatehouse', queues: ['workflows'] },
      taskQueue: 'gatehouse-workflows',
      timing: 'brisk',
    });
    expect(await misspelt.fitness()).toEqual([
      {
        subject: 'namespace',
        isFit: false,
        detail: 'There is no namespace gatehouse-typo, or it may not be seen.',
        remedy: 'Correct TEMPORAL_NAMESPACE, or make it: gatehouse setup-temporal',
      },
    ]);
  });

  it('that are not there: no error for news, told for commands', async () => {
    const workflowId = uniqueName('fleet/absent');
    await workflows.notify(workflowId, { jti: 'jti-1', envelope: 'a.b.c' });
    expect(await workflows.command(workflowId, 'pause', { commandId: 'c-1', targets: [] })).toEqual({
      state: 'absent',
    });
    expect(await workflows.look(workflowId)).toEqual({ state: 'absent' });
  });
});
