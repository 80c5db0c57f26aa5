/** The story of a fleet, from the request to its end, as people of the example world play it. */
import { expect } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { SECRET_NAMES } from '../../src/planning/integration.js';
import type { OpenBaoMount } from './open-bao.js';

/** Asks for all clusters of the world, approves, and waits until it is done. */
export async function onboardAll(stack: GatehouseStack): Promise<ExampleApi> {
  const clusters = stack.world.clusters.length;
  const api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
  const requestId = await api.request(fleetText(stack.world));
  await api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'));
  await api.decide('ben', requestId, 'procurement', 'approve', exampleEvidence('procurement', clusters));
  await api.decide(
    'chi',
    requestId,
    'data-protection',
    'approve',
    exampleEvidence('data-protection', clusters),
  );
  const status = await api.until(requestId, (now) => now.endedAt !== undefined, 150_000);
  expect(status.status, JSON.stringify(status.waitingFor)).toBe('done');
  return api;
}

/** Each cluster's credentials are in the store, once, and are those of the vendor. @returns client secrets by cluster */
export async function expectCredentials(
  stack: GatehouseStack,
  bao: OpenBaoMount,
): Promise<ReadonlyMap<string, string>> {
  const otterize = await new ControlClient(stack.address('otterize')).objectsText();
  const secrets = new Map<string, string>();
  for (const { name, stage } of stack.world.clusters) {
    const secret = await bao.read(`clusters/${name}/${stage}/${SECRET_NAMES.clientSecret}`);
    expect(secret.version).toBe(1);
    expect(otterize.includes(secret.value)).toBe(true);
    secrets.set(name, secret.value);
  }
  return secrets;
}

/** The same request again changes nothing. */
export async function expectNothingToDo(stack: GatehouseStack, api: ExampleApi): Promise<void> {
  const again = await api.request(fleetText(stack.world));
  const second = await api.until(again, (now) => now.endedAt !== undefined, 60_000);
  expect(second.message).toBe(`${stack.world.clusters.length} unchanged, nothing to do`);
}
