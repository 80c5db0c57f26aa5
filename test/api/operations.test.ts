import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/run-part.js';
import { LIMITS } from '../../src/api/limits.js';
import { REQUEST_OUTCOMES } from '../../src/domain/ledger.js';
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

  it('is not ready while the namespace cannot carry the work, and says why; missing workers are told', async () => {
    const fault = { isFit: false, detail: 'not there', remedy: 'mend it' };
    gatehouse.workflows.fit = [{ subject: 'namespace', ...fault }];
    const typo = await get('/readyz');
    gatehouse.workflows.fit = [{ subject: 'workers', ...fault }];
    const unserved = await get('/readyz');
    gatehouse.workflows.fit = [];
    const faults = (subject: string) => [{ subject, detail: 'not there', remedy: 'mend it' }];
    expect([typo.status, typo.body]).toEqual([
      503,
      { status: 'not-ready', ledger: true, temporal: false, faults: faults('namespace') },
    ]);
    expect([unserved.status, unserved.body]).toEqual([
      200,
      { status: 'ready', ledger: true, temporal: true, faults: faults('workers') },
    ]);
  });
});

describe('the status of a request', () => {
  it('tells of attempts that are lost, made again or taken by nobody, and of a run that is not there', async () => {
    const id = await gatehouse.ask('attempts');
    const waiting = async () =>
      (await gatehouse.as('ada', 'GET', `/v1/requests/${id}`)).at('waitingFor.condition');
    const firstWaiting = async () =>
      (await gatehouse.as('ada', 'GET', `/v1/requests/${id}`)).text('waitingFor.0.condition');
    const quiet = { state: 'running', attempts: [] } as const;
    expect(await waiting()).toEqual(['the plan is being computed']);
    gatehouse.workflows.run = {
      state: 'running',
      attempts: [
        { what: 'planFleet', number: 1, state: 'untaken', sinceMs: Date.now() - 20_000 },
        { what: 'planFleet', number: 1, state: 'untaken', sinceMs: Date.now() },
      ],
    };
    expect(await waiting()).toEqual([
      'planFleet: no worker has taken attempt 1',
      'the plan is being computed',
    ]);
    gatehouse.workflows.run = { state: 'unknown' };
    expect(await firstWaiting()).toMatch(/^Temporal does not answer/);
    gatehouse.clock.aheadMs = 60_000;
    gatehouse.workflows.run = { state: 'absent' };
    expect(await firstWaiting()).toMatch(/^no workflow runs for this request/);
    gatehouse.clock.aheadMs = 0;
    gatehouse.workflows.run = quiet;
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

  it('tell what is open, failed, refused and held, and rules of alerts ask for what there is', async () => {
    const other = await Gatehouse.start({ checkpointsBehind: async () => 2 });
    try {
      const [failing, mended, refused] = [
        await other.ask('work-a'),
        await other.ask('work-b'),
        await other.ask('work-c'),
      ];
      const { worker } = other.ledger;
      for (const id of [failing, mended]) {
        await other.plan(id);
        await worker.startTarget(id, { target: 'harbour-01/dev' });
        await worker.endTarget(id, { target: 'harbour-01/dev', outcome: 'failed' });
      }
      await worker.startTarget(mended, { target: 'harbour-01/dev' });
      await worker.endRequest(refused, { outcome: 'refused', message: 'x' });
      const held = { scope: {}, reason: 'wait' };
      expect((await other.as('olga', 'POST', '/v1/holds', held)).status).toBe(201);
      const { raw } = await other.call({ method: 'GET', url: '/metrics' });
      expect(raw).toMatch(/^gatehouse_requests_open 2$/m);
      expect(raw).toMatch(/^gatehouse_targets_failed 1$/m);
      expect(raw).toMatch(/^gatehouse_requests_ended\{outcome="refused"\} 1$/m);
      expect(raw).toMatch(/^gatehouse_requests_ended\{outcome="failed"\} 0$/m);
      expect(raw).toMatch(/^gatehouse_holds 1$/m);
      expect(raw).toMatch(/^gatehouse_gates_overdue 0$/m);
      expect(Number(/^gatehouse_request_oldest_seconds (.+)$/m.exec(raw)?.[1])).toBeGreaterThan(0);

      const rules = readFileSync(join(ROOT, 'deploy/prometheus/alerts.yaml'), 'utf8');
      const asked = [...rules.matchAll(/gatehouse_[a-z_]+/g)].map(([name]) => name);
      expect(asked.length).toBeGreaterThan(9);
      for (const name of asked) expect(raw).toMatch(new RegExp(`^${name}[ {]`, 'm'));
      for (const [, outcomes = ''] of rules.matchAll(/outcome=~"([^"]+)"/g)) {
        for (const outcome of outcomes.split('|')) expect(REQUEST_OUTCOMES).toContain(outcome);
      }
    } finally {
      await other.stop();
    }
  });

  it('leave out what the ledger does not say', async () => {
    const other = await Gatehouse.start();
    try {
      const ask = async () => (await other.call({ method: 'GET', url: '/metrics' })).raw;
      expect(await ask()).toMatch(/^gatehouse_outbox_waiting 0$/m);
      await other.ledger.close();
      const raw = await ask();
      expect(raw).not.toMatch(
        /^gatehouse_(alarms|outbox_waiting|outbox_oldest_seconds|requests_open|holds) /m,
      );
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
    // generated clients name their methods by these
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids).toEqual(expect.arrayContaining(['createRequest', 'getRequest', 'createRequestGateDecision']));
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations) {
      const statuses = Object.keys(operation.responses);
      expect([name, statuses]).toEqual([
        name,
        expect.arrayContaining(['400', '401', '403', '404', '429', '500', '503']),
      ]);
      expect([name, operation.summary]).toEqual([name, expect.any(String)]);
      for (const [status, response] of Object.entries(operation.responses)) {
        // an answer without a body has no schema
        if (status === '204') continue;
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
