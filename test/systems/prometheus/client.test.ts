import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { PrometheusClient } from '../../../src/systems/prometheus/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const QUERY = 'sum by (pod) (rate(http_errors_total{app="shop"}[5m])) > 0';

let standIns: StandIns;
let control: ControlClient;
let token: string;
let client: PrometheusClient;

beforeAll(async () => {
  standIns = await startStandIns('checks');
  control = standIns.control('checks');
  client = new PrometheusClient({
    baseUrl: `${standIns.origin('checks')}/prometheus`,
    token: async () => new Secret(token),
  });
});

beforeEach(() => {
  token = standIns.world.checks.prometheusToken;
});

afterEach(() => control.removeFaults());

afterAll(() => standIns.close());

async function metric(answer: unknown, warnings?: readonly string[]): Promise<void> {
  await control.post('/metric', { query: QUERY, answer, ...(warnings === undefined ? {} : { warnings }) });
}

const samples = (...values: readonly unknown[]) => ({
  samples: values.map((value, index) => ({ labels: { pod: `web-${index}` }, value })),
});

describe('a query', () => {
  it('gives a number or a sample for each series', async () => {
    await metric({ scalar: 0.25 });
    expect(await client.query(QUERY)).toEqual({ kind: 'number', value: 0.25, warnings: [] });
    await metric(samples(1, '+Inf', '-Inf', 'NaN'), ['some data is missing']);
    expect(await client.query(QUERY)).toEqual({
      kind: 'vector',
      samples: [
        { labels: { pod: 'web-0' }, value: 1 },
        { labels: { pod: 'web-1' }, value: Number.POSITIVE_INFINITY },
        { labels: { pod: 'web-2' }, value: Number.NEGATIVE_INFINITY },
        { labels: { pod: 'web-3' }, value: Number.NaN },
      ],
      warnings: ['some data is missing'],
    });
  });

  it('is sent whole, however long, and evaluated now', async () => {
    await using server = await answeringServer((_asked, response) =>
      json(response, 200, { status: 'success', data: { resultType: 'scalar', result: [1.5, '1.5e-05'] } }),
    );
    const there = new PrometheusClient({ baseUrl: `${server.url}/api/prom/` });
    const long = `x{a="${'y'.repeat(20_000)} & +1"}`;
    expect(await there.query(long)).toMatchObject({ value: 1.5e-5 });
    expect(server.asked[0]).toMatchObject({ method: 'POST', target: '/api/prom/api/v1/query' });
    expect(new URLSearchParams(server.asked[0]?.body)).toEqual(new URLSearchParams({ query: long }));
    expect(server.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([['matrix'], ['string']])('that gives a %s is refused', async (resultType) => {
    await metric({ resultType });
    expect(await cleanTroubleFrom(client.query(QUERY), token)).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(resultType),
    });
  });

  it('that the server does not understand is told in its words', async () => {
    await metric({ status: 400, errorType: 'bad_data', error: 'parse error: unexpected end of input' });
    expect(await cleanTroubleFrom(client.query(QUERY), token)).toMatchObject({
      kind: 'invalid',
      code: 'bad_data',
      message: expect.stringContaining('unexpected end of input'),
    });
    await metric({ status: 503, errorType: 'timeout', error: 'query timed out in expression evaluation' });
    expect(await cleanTroubleFrom(client.query(QUERY))).toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['histograms', [{ metric: {}, histogram: [1, {}] }], 'invalid'],
    ['too many series', Array.from({ length: 1001 }, () => ({ metric: {}, value: [1, '1'] })), 'invalid'],
    ['values that are no numbers', [{ metric: {}, value: [1, 'canary-value'] }], 'malformed'],
    ['values that are empty', [{ metric: {}, value: [1, ''] }], 'malformed'],
    ['no samples', 'canary-value', 'malformed'],
  ])('whose answer holds %s is %s', async (_what, result, kind) => {
    await using server = await answeringServer((_asked, response) =>
      json(response, 200, { status: 'success', data: { resultType: 'vector', result } }),
    );
    const there = new PrometheusClient({ baseUrl: server.url });
    expect(await cleanTroubleFrom(there.query(QUERY), 'canary-value')).toMatchObject({ kind });
  });

  it('is not made without a good token', async () => {
    token = 'canary-wrong-token';
    expect(await cleanTroubleFrom(client.query(QUERY), token)).toMatchObject({ kind: 'unauthenticated' });
  });
});

describe('a threshold', () => {
  it.each([
    [{ scalar: 5 }, { max: 5 }, 'passed', 'the value is 5; allowed is at most 5'],
    [{ scalar: 5 }, { min: 5 }, 'passed', 'the value is 5; allowed is at least 5'],
    [{ scalar: 5.01 }, { max: 5 }, 'failed', 'the value is 5.01; allowed is at most 5'],
    [{ scalar: 0 }, { min: 1, max: 5 }, 'failed', 'the value is 0; allowed is at least 1 and at most 5'],
    [samples(1, 2), { max: 5 }, 'passed', 'all 2 values; allowed is at most 5'],
    [samples(1, 9), { max: 5 }, 'failed', '{pod="web-1"} is 9; allowed is at most 5'],
    [samples('+Inf'), { max: 5 }, 'failed', '{pod="web-0"} is Infinity; allowed is at most 5'],
    [samples(), { max: 5 }, 'inconclusive', 'there is no data'],
    [{ scalar: 'NaN' }, { max: 5 }, 'inconclusive', 'the value is NaN'],
    [samples(1, 'NaN'), { max: 5 }, 'inconclusive', '{pod="web-1"} is NaN'],
    // what lies outside has failed, whatever else is unknown
    [samples('NaN', 9), { max: 5 }, 'failed', '{pod="web-1"} is 9; allowed is at most 5'],
  ] as const)('%j within %j is %s', async (answer, threshold, state, detail) => {
    await metric(answer);
    expect(await client.check({ query: QUERY, threshold })).toEqual({ state, detail });
  });

  it('is not met by data that the server itself doubts', async () => {
    await metric(samples(1), ['remote read failed: storage-2 is down']);
    expect(await client.check({ query: QUERY, threshold: { max: 5 } })).toMatchObject({
      state: 'inconclusive',
      detail: expect.stringContaining('storage-2 is down'),
    });
    await metric(samples(9), ['remote read failed']);
    expect(await client.check({ query: QUERY, threshold: { max: 5 } })).toMatchObject({ state: 'failed' });
  });

  it('on a series that nobody has ever seen is inconclusive', async () => {
    expect(await client.check({ query: 'no_such_metric', threshold: { max: 0 } })).toEqual({
      state: 'inconclusive',
      detail: 'there is no data',
    });
  });

  it.each([[{}], [{ max: Number.NaN }]])('%j is refused before anything is asked', async (threshold) => {
    const before = (await control.events()).length;
    expect(await cleanTroubleFrom(client.check({ query: QUERY, threshold }))).toMatchObject({
      kind: 'invalid',
    });
    expect((await control.events()).length).toBe(before);
  });
});
