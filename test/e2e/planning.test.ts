import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { fleetText } from '../../sandbox/stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { sharedTemporal, uniqueName, workflowBundle } from '../support/stack.js';

describe('planning that a system refuses', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 1,
      temporal: await sharedTemporal(),
      namespace: uniqueName('planning'),
      workflowBundle: (await workflowBundle()).codePath,
      installation: { timing: 'brisk', stabilisationMs: 0 },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
  });

  afterAll(() => stack.dispose());

  it('says who refused and goes on after a retry', async () => {
    const kubernetes = new ControlClient(stack.address('kubernetes'));
    await kubernetes.addFault({
      id: 'forbidden',
      match: { path: 'applications' },
      times: 0,
      when: 'before',
      kind: 'status',
      status: 403,
    });
    const requestId = await api.request(fleetText(stack.world));
    const stuck = await api.until(requestId, (status) => status.status === 'attention');
    expect(stuck.waitingFor[0]?.condition).toMatch(/argocd/);
    expect(stuck.waitingFor[0]?.next).toContain(`gatehouse retry ${requestId}`);

    await kubernetes.removeFaults('forbidden');
    await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, { targets: [] });
    const waiting = await api.until(requestId, (status) => status.status === 'waiting');
    expect(waiting.gates.map((gate) => gate.state)).toEqual(['open', 'open']);
  });
});
