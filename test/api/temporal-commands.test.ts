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
  workflows = new TemporalWorkflows({ client, taskQueue: uniqueName('unserved'), timing: 'brisk' });
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

  it('that are not there: no error for news, told for commands', async () => {
    const workflowId = uniqueName('fleet/absent');
    await workflows.notify(workflowId, { jti: 'jti-1', envelope: 'a.b.c' });
    expect(await workflows.command(workflowId, 'pause', { commandId: 'c-1', targets: [] })).toEqual({
      state: 'absent',
    });
    await workflows.ping();
  });
});
