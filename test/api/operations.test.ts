import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/api/limits.js';
import { Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

const get = (url: string, headers: Record<string, string> = {}) =>
  gatehouse.call({ method: 'GET', url, headers });

describe('health', () => {
  it('is alive, and ready only while ledger and Temporal answer', async () => {
    expect((await get('/healthz')).body).toEqual({ status: 'ok' });
    expect((await get('/readyz')).body).toEqual({ status: 'ready', ledger: true, temporal: true });
    gatehouse.workflows.down = new Error('no');
    const down = await get('/readyz');
    gatehouse.workflows.down = undefined;
    expect([down.status, down.body]).toEqual([503, { status: 'not-ready', ledger: true, temporal: false }]);
    expect((await get('/healthz')).status).toBe(200);
  });
});

describe('checkpoints outside the database', () => {
  it('that are late are told of, and make nobody unready', async () => {
    const late = { behind: 3 };
    const other = await Gatehouse.start({
      checkpointsBehind: async () => {
        if (late.behind < 0) throw new Error('no');
        return late.behind;
      },
    });
    try {
      const ready = () => other.call({ method: 'GET', url: '/readyz' });
      expect([(await ready()).status, (await ready()).at('checkpointsBehind')]).toEqual([200, 3]);
      late.behind = -1;
      expect([(await ready()).status, (await ready()).at('status')]).toEqual([200, 'ready']);
    } finally {
      await other.stop();
    }
  });
});

describe('metrics', () => {
  it('count calls by pattern of the route, without ids', async () => {
    await get('/v1/requests/req-secret');
    const { raw } = await get('/metrics');
    expect(raw).toMatch(
      /gatehouse_http_request_seconds_count\{method="GET",route="\/v1\/requests\/:requestId",status="401"\} 1/,
    );
    expect(raw).not.toContain('req-secret');
  });

  it('tell of alarms, of news that waits and of checkpoints that are late', async () => {
    const other = await Gatehouse.start({ checkpointsBehind: async () => 2 });
    try {
      await other.ask('metrics');
      await other.ledger.worker.raiseAlarm(null, { alarm: 'message-flood', detail: 'test', count: 9 });
      const { raw } = await other.call({ method: 'GET', url: '/metrics' });
      expect(raw).toMatch(/^gatehouse_alarms 1$/m);
      expect(raw).toMatch(/^gatehouse_outbox_waiting 1$/m);
      expect(raw).toMatch(/^gatehouse_outbox_oldest_seconds \d/m);
      expect(raw).toMatch(/^gatehouse_checkpoints_behind 2$/m);
    } finally {
      await other.stop();
    }
    expect((await get('/metrics')).raw).not.toContain('gatehouse_checkpoints_behind');
  });

  it('leave out what the ledger does not say', async () => {
    const other = await Gatehouse.start();
    try {
      const ask = async () => (await other.call({ method: 'GET', url: '/metrics' })).raw;
      expect(await ask()).toMatch(/^gatehouse_outbox_waiting 0$/m);
      await other.ledger.close();
      const raw = await ask();
      expect(raw).not.toMatch(/^gatehouse_(alarms|outbox_waiting|outbox_oldest_seconds) /m);
      expect(raw).toContain('gatehouse_http_request_seconds_count');
    } finally {
      await other.app.close();
      await other.provider.stop();
    }
  });

  it('want their own token where one is set', async () => {
    const other = await Gatehouse.start({ metricsToken: 'metrics-token' });
    try {
      const ask = (authorization: string) =>
        other.call({
          method: 'GET',
          url: '/metrics',
          headers: authorization === '' ? {} : { authorization },
        });
      expect((await ask('')).status).toBe(401);
      expect((await ask('Bearer metrics-tokem')).status).toBe(401);
      expect((await ask('Bearer metrics-token')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

describe('the description', () => {
  it('is OpenAPI 3.1 with a schema for every status of every route, and a page to read', async () => {
    const { body } = await get('/v1/openapi.json');
    expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Gatehouse' } });
    const operations = Object.entries(Object(Reflect.get(Object(body), 'paths'))).flatMap(([path, methods]) =>
      Object.entries(Object(methods)).map(([method, operation]) => ({
        name: `${method} ${path}`,
        operation: Object(operation),
      })),
    );
    expect(operations.length).toBeGreaterThan(18);
    for (const { name, operation } of operations) {
      const statuses = Object.keys(operation.responses);
      expect([name, statuses]).toEqual([
        name,
        expect.arrayContaining(['400', '401', '403', '404', '429', '500', '503']),
      ]);
      expect([name, operation.summary]).toEqual([name, expect.any(String)]);
      for (const response of Object.values(operation.responses)) {
        expect([name, response]).toEqual([name, expect.objectContaining({ content: expect.any(Object) })]);
      }
    }
    const page = await get('/docs');
    expect([page.status, page.raw]).toEqual([200, expect.stringContaining('Swagger UI')]);
  });
});

describe('limits', () => {
  it('slow one caller down, not the others, and say how long', async () => {
    const headers = { authorization: `Bearer ${await gatehouse.token('ivo')}` };
    let last = await get('/v1/me', headers);
    for (let call = 0; call < LIMITS.callsPerMinute; call += 1) last = await get('/v1/me', headers);
    expect(last.status).toBe(429);
    expect(last.text('type')).toBe('urn:gatehouse:problem:too-many-calls');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect((await gatehouse.as('ben', 'GET', '/v1/me')).status).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
  });
});
