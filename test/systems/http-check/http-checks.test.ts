import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { HttpChecks } from '../../../src/systems/http-check/http-checks.js';
import { answeringServer } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

let standIns: StandIns;
let control: ControlClient;
let origin: string;
let checks: HttpChecks;

beforeAll(async () => {
  standIns = await startStandIns('checks');
  control = standIns.control('checks');
  origin = standIns.origin('checks');
  checks = new HttpChecks({ hosts: [origin] });
});

afterEach(() => control.removeFaults());

afterAll(() => standIns.close());

async function page(status: number, body?: unknown, more: Record<string, unknown> = {}): Promise<string> {
  await control.post('/page', { path: '/page', status, ...(body === undefined ? {} : { body }), ...more });
  return `${origin}/page`;
}

describe('a check', () => {
  it('passes when the answer is as expected', async () => {
    const url = await page(200, { status: 'ok', version: '1.2.0', parts: [{ name: 'db/main', up: true }] });
    expect(await checks.run({ url })).toEqual({ state: 'passed', detail: 'answered 200' });
    expect(await checks.run({ url, method: 'HEAD' })).toMatchObject({ state: 'passed' });
    expect(await checks.run({ url: `${url}?at=1`, expectBodyContains: '"version":"1.2.0"' })).toEqual({
      state: 'passed',
      detail: 'answered 200 with the expected text',
    });
    const expectJson = {
      '/status': 'ok',
      '/parts/0/name': 'db/main',
      '/parts/0': { up: true, name: 'db/main' },
      '/parts': [{ name: 'db/main', up: true }],
    };
    expect(await checks.run({ url, expectJson })).toMatchObject({ state: 'passed' });
    expect(await checks.run({ url: await page(204), expectStatus: 204 })).toMatchObject({ state: 'passed' });
  });

  it.each([
    [500, {}, 'answered 500; expected 200'],
    [503, {}, 'answered 503; expected 200'],
    [404, {}, 'answered 404; expected 200'],
    [200, { expectStatus: 401 }, 'answered 200; expected 401'],
    [200, { expectBodyContains: 'version 9' }, 'the body does not hold the expected text'],
    [200, { expectJson: { '/status': 'fine' } }, '"/status" is "ok"; expected "fine"'],
    [200, { expectJson: { '/nothing': 'ok' } }, '"/nothing" is missing; expected "ok"'],
    [200, { expectJson: { '/parts': 'ok' } }, '"/parts" is a list; expected "ok"'],
    [200, { expectJson: { '/count': '3' } }, '"/count" is 3; expected "3"'],
    [200, { expectJson: { '/parts/1': null } }, '"/parts/1" is missing; expected null'],
    [200, { expectJson: { '/constructor': 1 } }, '"/constructor" is missing; expected 1'],
  ] as const)('fails when it is not: %i %j', async (status, more, detail) => {
    const url = await page(status, { status: 'ok', count: 3, parts: [{ up: true }] });
    expect(await checks.run({ url, ...more })).toEqual({ state: 'failed', detail });
  });

  it('fails when what should be JSON is none', async () => {
    const url = await page(200, '<html>canary-page</html>');
    expect(await checks.run({ url, expectJson: { '/status': 'ok' } })).toEqual({
      state: 'failed',
      detail: 'answered 200, but not in JSON',
    });
  });

  it('is inconclusive without an answer, or when it was asked too often', async () => {
    const url = await page(200, 'ok');
    await control.addFault({ id: 'cut', match: {}, when: 'before', kind: 'cut' });
    expect(await checks.run({ url })).toMatchObject({
      state: 'inconclusive',
      detail: expect.stringMatching(/^no answer/),
    });
    await control.addFault({ id: 'hold', match: {}, when: 'before', kind: 'hold' });
    expect(await checks.run({ url, timeoutMs: 50 })).toEqual({
      state: 'inconclusive',
      detail: 'no answer in time',
    });
    await control.addFault({ id: 'many', match: {}, when: 'before', kind: 'status', status: 429 });
    expect(await checks.run({ url })).toMatchObject({ state: 'inconclusive' });
  });

  it('is inconclusive when nobody listens, which may be the way there', async () => {
    const gone = await answeringServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    const there = new HttpChecks({ hosts: [gone.url] });
    expect(await there.run({ url: gone.url })).toEqual({
      state: 'inconclusive',
      detail: 'no answer (ECONNREFUSED)',
    });
  });

  it('does not follow a redirect, but may expect one', async () => {
    await using other = await answeringServer((_asked, response) => response.writeHead(200).end('ok'));
    const url = await page(302, undefined, { headers: { location: `${other.url}/login` } });
    expect(await checks.run({ url })).toEqual({
      state: 'failed',
      detail: 'answered 302, a redirect, which is not followed; expected 200',
    });
    expect(await checks.run({ url, expectStatus: 302 })).toMatchObject({ state: 'passed' });
    expect(other.asked).toEqual([]);
  });

  it('reads a body only so far', async () => {
    const url = await page(200, 'beginning', { padding: 2 * 1024 * 1024 });
    expect(await checks.run({ url })).toMatchObject({ state: 'passed' });
    expect(await checks.run({ url, expectBodyContains: 'beginning' })).toMatchObject({ state: 'passed' });
    expect(await checks.run({ url, expectBodyContains: 'end' })).toMatchObject({ state: 'inconclusive' });
    expect(await checks.run({ url, expectJson: { '/a': 1 } })).toMatchObject({ state: 'inconclusive' });
  });

  it('ends with the caller', async () => {
    const reason = new Error('cancelled');
    const url = await page(200, 'ok');
    await control.addFault({ id: 'hold', match: {}, when: 'before', kind: 'hold' });
    const abort = new AbortController();
    const running = checks.run({ url }, abort.signal);
    await expect.poll(() => control.held()).toHaveLength(1);
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});

describe('what is shown', () => {
  it('holds no header and nothing of the body but a named value, cut and without what looks like a credential', async () => {
    const token = 'Bearer canarycanarycanary';
    const url = await page(
      200,
      { token, note: `canary ${'x'.repeat(500)}`, other: 'canary-other' },
      { headers: { 'x-token': 'canary-header', 'set-cookie': 'session=canary-cookie' } },
    );
    for (const expectJson of [{ '/token': '' }, { '/note': '' }]) {
      const { state, detail } = await checks.run({ url, expectJson });
      expect(state).toBe('failed');
      expect(detail).not.toMatch(/canarycanary|header|cookie|other/);
      expect(detail.length).toBeLessThan(120);
    }
    expect((await checks.run({ url, expectJson: { '/token': '' } })).detail).toContain('[secret]');
  });
});

describe('what is sent', () => {
  it('is one request without credential and cookie', async () => {
    await using server = await answeringServer((_asked, response) => response.writeHead(200).end('ok'));
    await new HttpChecks({ hosts: [`${server.url}/`] }).run({ url: `${server.url}/a?b=c#d` });
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]).toMatchObject({ method: 'GET', target: '/a?b=c', body: '' });
    for (const name of ['authorization', 'cookie']) expect(server.asked[0]?.headers).not.toHaveProperty(name);
  });

  it.each([
    ['another host', () => 'http://127.0.0.2:9/'],
    ['another port', () => 'http://127.0.0.1:9/'],
    ['another scheme', () => origin.replace('http:', 'https:')],
    ['a file', () => 'file:///etc/passwd'],
    ['a name before the host', () => origin.replace('//', '//user:password@')],
    ['a host that begins alike', () => `${origin}.example.com/`],
    ['no address', () => 'healthz'],
  ])('goes not to %s, and the trouble says what to do', async (_what, url) => {
    const trouble = await cleanTroubleFrom(checks.run({ url: url() }), 'user:password');
    expect(trouble).toMatchObject({
      kind: 'invalid',
      remedy: expect.stringContaining('systems.checks.hosts'),
    });
  });

  it.each([['status'], ['/a~2'], ['/a~']])('a pointer "%s" is refused', async (pointer) => {
    const run = checks.run({ url: `${origin}/healthz`, expectJson: { [pointer]: 1 } });
    expect(await cleanTroubleFrom(run)).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(pointer),
    });
  });

  it('HEAD is not asked for a body', async () => {
    const run = checks.run({ url: `${origin}/healthz`, method: 'HEAD', expectBodyContains: 'ok' });
    expect(await cleanTroubleFrom(run)).toMatchObject({ kind: 'invalid' });
  });

  it.each([
    ['shop.example.com'],
    ['https://shop.example.com/health'],
    ['https://a:b@shop.example.com'],
    ['ftp://x'],
  ])('the origin %s is refused when it is configured', (host) => {
    expect(() => new HttpChecks({ hosts: [host] })).toThrow(TypeError);
  });
});
