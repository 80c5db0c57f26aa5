/** Planning that a system refuses. */
import { expect, it } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { fleetText } from '../../../sandbox/stack/example-files.js';
import type { Fleets } from '../../weather/fleets.js';

export function planningCases(opened: () => Fleets): void {
  it('says who refused and goes on after a retry', async () => {
    const fleets = opened();
    const { api, stack } = fleets;
    const kubernetes = new ControlClient(stack.address('kubernetes'));
    await kubernetes.addFault({
      id: 'forbidden',
      match: { path: 'applications' },
      times: 0,
      when: 'before',
      kind: 'status',
      status: 403,
    });
    const requestId = await api.request(
      fleetText(stack.world, { name: 'refused-planning', clusters: fleets.take(1) }),
    );
    const stuck = await api.until(requestId, (status) => status.status === 'attention');
    expect(stuck.waitingFor[0]?.condition).toMatch(/argocd/);
    expect(stuck.waitingFor[0]?.next).toContain(`gatehouse retry ${requestId}`);

    await kubernetes.removeFaults('forbidden');
    await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, { targets: [] });
    const waiting = await api.until(requestId, ({ gates }) => gates.every(({ state }) => state === 'open'));
    expect([waiting.status, waiting.gates.length]).toEqual(['waiting', 2]);
  });
}
