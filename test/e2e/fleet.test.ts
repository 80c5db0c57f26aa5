import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { sharedTemporal, uniqueName, workflowBundle } from '../support/stack.js';

/** One whole onboarding by the API, with everything real that Gatehouse is made of. */
describe('a fleet, from request to proof', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  const clusters = 3;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters,
      temporal: await sharedTemporal(),
      namespace: uniqueName('e2e'),
      workflowBundle: (await workflowBundle()).codePath,
      installation: { timing: 'brisk', stabilisationMs: 0 },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
  }, 120_000);

  afterAll(() => stack.dispose());

  async function onboarded(): Promise<string> {
    const requestId = await api.request(fleetText(stack.world), { ticket: 'CHG0042' });
    await api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'));
    await api.decide('ben', requestId, 'procurement', 'approve', exampleEvidence('procurement', clusters));
    await api.decide(
      'chi',
      requestId,
      'data-protection',
      'approve',
      exampleEvidence('data-protection', clusters),
    );
    const status = await api.until(requestId, (now) => now.endedAt !== undefined, 90_000);
    expect(status.status, status.message).toBe('done');
    return requestId;
  }

  it('makes every object once, and asking again changes nothing', async () => {
    const requestId = await onboarded();
    const status = await api.status(requestId);
    expect(status.targets.map((target) => target.state)).toEqual(['done', 'done', 'done']);
    const otterize = new ControlClient(stack.address('otterize'));
    const gitlab = new ControlClient(stack.address('gitlab'));
    const made = await otterize.objectsText();
    const writes = (await otterize.events()).filter((event) => event.effect !== undefined).length;
    const commits = (await gitlab.events()).filter((event) => event.effect !== undefined).length;

    const again = await api.request(fleetText(stack.world));
    const second = await api.until(again, (now) => now.endedAt !== undefined, 30_000);
    expect(second).toMatchObject({ status: 'done', message: '3 unchanged, nothing to do' });
    expect(second.gates.every((gate) => gate.openedAt === undefined)).toBe(true);
    expect(await otterize.objectsText()).toBe(made);
    expect((await otterize.events()).filter((event) => event.effect !== undefined)).toHaveLength(writes);
    expect((await gitlab.events()).filter((event) => event.effect !== undefined)).toHaveLength(commits);
  }, 180_000);

  it("keeps every answer and request within the vendors' specs", async () => {
    for (const name of ['otterize', 'directory', 'gitlab', 'kubernetes', 'tickets', 'mail']) {
      expect(await new ControlClient(stack.address(name)).violations(), name).toEqual([]);
    }
  });
});
