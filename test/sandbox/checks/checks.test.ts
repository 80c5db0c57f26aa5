import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { type RunningSandbox, runSandbox } from '../framework/running-sandbox.js';

let sandbox: RunningSandbox;
let control: ControlClient;
let origin: string;

beforeEach(async () => {
  sandbox = await runSandbox(['checks']);
  control = sandbox.control('checks');
  origin = sandbox.origin('checks');
});
afterEach(async () => {
  const violations = await control.violations();
  await sandbox.close();
  expect(violations).toEqual([]);
});

async function query(expression: string, token = sandbox.world.checks.prometheusToken, method = 'GET') {
  const parameters = new URLSearchParams({ query: expression });
  const url = `${origin}/prometheus/api/v1/query`;
  const headers = { authorization: `Bearer ${token}` };
  const answer = await (method === 'GET'
    ? fetch(`${url}?${parameters}`, { headers })
    : fetch(url, { method, headers, body: parameters }));
  const body: unknown = await answer.json();
  return { status: answer.status, body };
}

describe('a service', () => {
  it('answers what was last set, at each path', async () => {
    const first = await fetch(`${origin}/healthz?probe=1`);
    expect([first.status, await first.json()]).toMatchObject([200, { status: 'ok' }]);
    await control.post('/page', { path: '/healthz', status: 503, body: 'down', headers: { 'x-a': 'b' } });
    const second = await fetch(`${origin}/healthz`);
    expect([second.status, await second.text(), second.headers.get('x-a')]).toEqual([503, 'down', 'b']);
    const head = await fetch(`${origin}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([503, '']);
    expect((await fetch(`${origin}/nothing`)).status).toBe(404);
    await expect(control.post('/page', { path: 'healthz', status: 200 })).rejects.toThrow('400');
  });
});

describe('metrics', () => {
  it('are what was last set, by GET and by POST', async () => {
    const samples = [{ labels: { pod: 'web-0' }, value: 'NaN' }];
    await control.post('/metric', { query: 'up', answer: { samples }, warnings: ['w'] });
    for (const method of ['GET', 'POST']) {
      expect(await query('up', undefined, method)).toMatchObject({
        status: 200,
        body: {
          status: 'success',
          data: {
            resultType: 'vector',
            result: [{ metric: { pod: 'web-0' }, value: [expect.any(Number), 'NaN'] }],
          },
          warnings: ['w'],
        },
      });
    }
    expect(await query('shop_error_ratio')).toMatchObject({
      body: { data: { resultType: 'scalar', result: [expect.any(Number), '0.001'] } },
    });
    expect(await query('nothing')).toMatchObject({ status: 200, body: { data: { result: [] } } });
  });

  it('are refused without a token, without an expression, and when they are set to be', async () => {
    expect((await query('up', 'wrong')).status).toBe(401);
    expect(await query('')).toMatchObject({ status: 400, body: { status: 'error', errorType: 'bad_data' } });
    const answer = {
      status: 422,
      errorType: 'execution',
      error: 'query processing would load too many samples',
    };
    await control.post('/metric', { query: 'up', answer });
    expect(await query('up')).toMatchObject({ status: 422, body: { errorType: 'execution' } });
  });
});
