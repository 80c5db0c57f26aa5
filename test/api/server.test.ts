/** The API as a process of its own: boots from an installation, serves, ends cleanly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { sharedParts } from '../support/stack.js';

let stack: GatehouseStack;
beforeAll(async () => {
  stack = await startGatehouse({
    clusters: 1,
    ...(await sharedParts('api-server')),
    without: ['worker'],
  });
}, 180_000);
afterAll(() => stack?.dispose());

describe('the API process', () => {
  it('reaches ledger and Temporal, and takes tokens of the provider', async () => {
    const ready = await fetch(`${stack.apiUrl}/readyz`);
    expect(await ready.json()).toEqual({
      status: 'ready',
      ledger: true,
      temporal: true,
      // none was started here, and that makes no API unready
      faults: [expect.objectContaining({ subject: 'workers' })],
    });
    const answer = await fetch(`${stack.address('oidc')}/_sandbox/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account: 'olga' }),
    });
    const token: unknown = Reflect.get(Object(await answer.json()), 'access_token');
    const me = await fetch(`${stack.apiUrl}/v1/me`, {
      headers: { authorization: `Bearer ${String(token)}` },
    });
    expect(await me.json()).toMatchObject({ kind: 'person', roles: ['operator'] });
    expect((await fetch(`${stack.apiUrl}/v1/me`)).status).toBe(401);
  });

  it('sends the browser to the provider, which knows the page', async () => {
    const login = await fetch(`${stack.apiUrl}/auth/login`, { redirect: 'manual' });
    expect(login.status).toBe(302);
    const provider = await fetch(String(login.headers.get('location')), { redirect: 'manual' });
    expect([302, 303]).toContain(provider.status);
    expect(provider.headers.get('location')).toMatch(/\/login\//);
  });

  it('ends cleanly when it is told to', async () => {
    expect(await stack.api?.stop()).toMatchObject({ code: 0 });
  });
});
