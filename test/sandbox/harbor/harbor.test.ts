import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../../sandbox/framework/running.js';
import {
  chartContent,
  digestOf,
  imageContent,
  indexContent,
} from '../../../sandbox/harbor/artifact-content.js';
import { exampleArtifacts, exampleImage } from '../../../sandbox/harbor/example-artifacts.js';
import { startHarbor } from '../../../sandbox/harbor/stand-in.js';
import { makeWorld } from '../../../sandbox/world.js';
import { Registry } from './registry.js';

const PULL = 'repository:shop/web:pull';
const API = '/api/v2.0/projects/shop/repositories/web/artifacts';

const world = makeWorld({ clusters: 1 });
const [writer, reader] = world.harbor.users;
let folder: string;
let harbor: RunningStandIn;
let control: ControlClient;
let registry: Registry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harbor-stand-in-'));
  await start();
});
afterEach(async () => {
  const violations = await control.violations();
  await harbor.close();
  await rm(folder, { recursive: true, force: true });
  expect(violations).toEqual([]);
});

async function start(): Promise<void> {
  harbor = await startHarbor({ world, folder, port: 0, originOf: () => undefined });
  control = new ControlClient(harbor.origin);
  registry = new Registry(harbor.origin, writer);
}

describe('example artifacts', () => {
  it('have the same digests in every world, each its own', () => {
    const digests = exampleArtifacts().map(({ content }) => content.top.digest);
    expect(exampleArtifacts().map(({ content }) => content.top.digest)).toEqual(digests);
    expect(new Set(digests).size).toBe(digests.length);
    for (const { content } of exampleArtifacts()) {
      for (const { digest, bytes } of [content.top, ...content.manifests, ...content.blobs]) {
        expect(digest).toBe(digestOf(bytes));
      }
    }
  });

  it('are images of three versions, each with the tag of its build', async () => {
    const images = exampleArtifacts().filter(({ repository }) => repository === 'shop/web');
    expect(images.map(({ tags }) => tags[0])).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    for (const { tags, content } of images) {
      expect(tags[1]).toMatch(/^dev-[0-9a-f]{12}$/);
      for (const tag of tags) {
        const { bytes } = await registry.ask('GET', `/v2/shop/web/manifests/${tag}`, { scope: PULL });
        expect(bytes.equals(content.top.bytes)).toBe(true);
      }
    }
  });

  it('have charts that Helm could unpack', () => {
    const archive = gunzipSync(chartContent('shop', '1.4.2').blobs[0]?.bytes ?? Buffer.alloc(0));
    expect(archive.subarray(0, 15).toString()).toBe('shop/Chart.yaml');
    expect(archive.subarray(257, 262).toString()).toBe('ustar');
    expect(archive.length % 512).toBe(0);
  });
});

describe('the registry', () => {
  it('takes what a build pushes, and gives the same bytes by tag and digest', async () => {
    for (const content of [imageContent('mine'), indexContent('mine'), chartContent('mine', '0.1.0')]) {
      const pushed = await registry.push('shop/new/thing', 'v1', content);
      expect(pushed.status).toBe(201);
      expect(pushed.headers.get('docker-content-digest')).toBe(content.top.digest);
      const scope = 'repository:shop/new/thing:pull';
      for (const reference of ['v1', content.top.digest]) {
        const got = await registry.ask('GET', `/v2/shop/new/thing/manifests/${reference}`, { scope });
        expect(got.bytes.equals(content.top.bytes)).toBe(true);
        expect(got.headers.get('content-type')).toContain(content.top.mediaType);
      }
      const head = await registry.ask('HEAD', '/v2/shop/new/thing/manifests/v1', { scope });
      expect(head.headers.get('docker-content-digest')).toBe(content.top.digest);
      expect(head.bytes).toHaveLength(0);
      const [blob] = content.blobs;
      const got = await registry.ask('GET', `/v2/shop/new/thing/blobs/${blob?.digest}`, { scope });
      expect(got.bytes.equals(blob?.bytes ?? Buffer.alloc(0))).toBe(true);
    }
    const { body } = await registry.ask('GET', '/v2/shop/new/thing/tags/list', {
      scope: 'repository:shop/new/thing:pull',
    });
    expect(body).toEqual({ name: 'shop/new/thing', tags: ['v1'] });
  });

  it('takes uploads at once, in chunks, and from another repository', async () => {
    const scope = 'repository:shop/web:pull,push';
    const bytes = Buffer.from('chunk by chunk');
    const digest = digestOf(bytes);
    const type = 'application/octet-stream';
    const begun = await registry.ask('POST', '/v2/shop/web/blobs/uploads/', { scope });
    expect(begun.status).toBe(202);
    const location = begun.headers.get('location') ?? '';
    await registry.ask('PATCH', location, { scope, type, body: bytes.subarray(0, 5) });
    const grown = await registry.ask('PATCH', location, { scope, type, body: bytes.subarray(5) });
    expect(grown.headers.get('range')).toBe(`0-${bytes.length - 1}`);
    const end = await registry.ask('PUT', `${location}?digest=${digest}`, {
      scope,
      type,
      body: Buffer.alloc(0),
    });
    expect([end.status, end.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect((await registry.ask('PUT', `${location}?digest=${digest}`, { scope })).status).toBe(404);

    const path = `/v2/shop/web/blobs/uploads/?mount=${digest}&from=shop/api`;
    expect((await registry.ask('POST', path, { scope })).status).toBe(201);
    const whole = Buffer.from('in one');
    const post = `/v2/shop/web/blobs/uploads/?digest=${digestOf(whole)}`;
    expect((await registry.ask('POST', post, { scope, type, body: whole })).status).toBe(201);
  });

  it('refuses what does not belong together', async () => {
    const scope = 'repository:shop/web:pull,push';
    const { top } = imageContent('never pushed');
    const put = (reference: string, body: Buffer, type = top.mediaType) =>
      registry.ask('PUT', `/v2/shop/web/manifests/${reference}`, { scope, type, body });
    expect(await put('v1', top.bytes)).toMatchObject({
      status: 404,
      body: { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] },
    });
    const index = indexContent('never pushed').top;
    expect(await put('v1', index.bytes, index.mediaType)).toMatchObject({ status: 404 });
    const known = exampleImage('shop/web', '1.0.0').content.top;
    expect(await put(`sha256:${'0'.repeat(64)}`, known.bytes)).toMatchObject({
      status: 400,
      body: { errors: [{ code: 'DIGEST_INVALID' }] },
    });
    expect(await put('.hidden', known.bytes)).toMatchObject({ body: { errors: [{ code: 'TAG_INVALID' }] } });
    expect(await put('v1', Buffer.from('{}'))).toMatchObject({
      body: { errors: [{ code: 'MANIFEST_INVALID' }] },
    });
    const blob = `/v2/shop/web/blobs/uploads/?digest=sha256:${'0'.repeat(64)}`;
    const wrong = await registry.ask('POST', blob, {
      scope,
      type: 'application/octet-stream',
      body: Buffer.from('x'),
    });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ code: 'DIGEST_INVALID' }] } });
    expect((await registry.ask('GET', '/v2/shop/web/manifests/nothing', { scope })).status).toBe(404);
    expect((await registry.ask('GET', `/v2/shop/web/blobs/sha256:${'0'.repeat(64)}`, { scope })).status).toBe(
      404,
    );
    expect(
      await registry.ask('GET', '/v2/shop/nothing/tags/list', { scope: 'repository:shop/nothing:pull' }),
    ).toMatchObject({ status: 404, body: { errors: [{ code: 'NAME_UNKNOWN' }] } });
  });

  it('gives tags page by page, and keeps those that may not be moved', async () => {
    await control.settings({ tagPage: 4, immutable: ['shop/web'] });
    const first = await registry.ask('GET', '/v2/shop/web/tags/list?n=100', { scope: PULL });
    expect(first.body).toMatchObject({ tags: expect.arrayContaining(['1.0.0']) });
    const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await registry.ask('GET', next, { scope: PULL });
    expect(second.body).toMatchObject({ tags: expect.any(Array) });
    expect(second.headers.get('link')).toBeNull();

    const scope = 'repository:shop/web:pull,push';
    const { top } = exampleImage('shop/web', '1.0.0').content;
    const put = { scope, type: top.mediaType, body: top.bytes };
    expect((await registry.ask('PUT', '/v2/shop/web/manifests/1.2.0', put)).status).toBe(412);
    expect((await registry.ask('PUT', '/v2/shop/web/manifests/1.0.0', put)).status).toBe(201);
    expect((await registry.ask('PUT', '/v2/shop/web/manifests/new', put)).status).toBe(201);
  });
});

describe('access', () => {
  const root = (header?: string) => registry.ask('GET', '/v2/', header === undefined ? {} : { header });
  const write = 'repository:shop/web:pull,push';

  it('is by a token for what is asked, which the registry says how to get', async () => {
    const refused = await registry.ask('GET', '/v2/shop/web/manifests/1.0.0');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="${harbor.origin}/service/token",service="harbor-registry",scope="${PULL}"`,
    );
    expect((await root()).status).toBe(401);
    expect((await root(`Bearer ${await registry.token(PULL)}`)).status).toBe(200);
    const other = { scope: 'repository:shop/api:pull' };
    const denied = await registry.ask('GET', '/v2/shop/web/manifests/1.0.0', other);
    expect(denied.status).toBe(401);
    expect(denied.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });

  it('of tokens ends, and nobody makes them', async () => {
    const good = await registry.token(PULL);
    const [body = '', signature = ''] = good.split('.');
    const forged = Buffer.from(Buffer.from(body, 'base64url').toString().replace('pull', 'push')).toString(
      'base64url',
    );
    for (const token of [`${forged}.${signature}`, 'x', '']) {
      const answer = await registry.ask('GET', '/v2/shop/web/manifests/1.0.0', { header: `Bearer ${token}` });
      expect(answer.status).toBe(401);
    }
    await control.settings({ tokenSeconds: 0 });
    const ended = await registry.ask('GET', '/v2/shop/web/manifests/1.0.0', { scope: PULL });
    expect([ended.status, ended.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('invalid_token'),
    ]);
  });

  it('is as far as the user has it: nobody reads what is public, a reader writes nothing', async () => {
    const nobody = new Registry(harbor.origin);
    const charts = { scope: 'repository:charts/shop:pull' };
    expect((await nobody.ask('GET', '/v2/charts/shop/manifests/1.4.2', charts)).status).toBe(200);
    expect((await nobody.ask('GET', '/v2/shop/web/manifests/1.0.0', { scope: PULL })).status).toBe(401);
    const weak = new Registry(harbor.origin, reader);
    expect((await weak.ask('GET', '/v2/shop/web/manifests/1.0.0', { scope: write })).status).toBe(200);
    const { top } = exampleImage('shop/web', '1.0.0').content;
    const put = { scope: write, type: top.mediaType, body: top.bytes };
    expect((await weak.ask('PUT', '/v2/shop/web/manifests/x', put)).status).toBe(401);
    const wrong = new Registry(harbor.origin, { name: writer?.name ?? '', password: 'wrong' });
    const token = await fetch(`${harbor.origin}/service/token`, { headers: wrong.basic() });
    expect(token.status).toBe(401);
  });

  it('is by name and password, or not at all, where that is set', async () => {
    await control.settings({ login: 'basic' });
    const asked = await registry.ask('GET', '/v2/shop/web/manifests/1.0.0');
    expect(asked.headers.get('www-authenticate')).toMatch(/^Basic /);
    const header = registry.basic().authorization ?? '';
    expect((await registry.ask('GET', '/v2/shop/web/manifests/1.0.0', { header })).status).toBe(200);
    const weak = new Registry(harbor.origin, reader).basic().authorization ?? '';
    const put = { header: weak, type: 'application/octet-stream', body: Buffer.from('x') };
    expect((await registry.ask('POST', '/v2/shop/web/blobs/uploads/', put)).status).toBe(403);
    await control.settings({ login: 'none' });
    expect((await registry.ask('GET', '/v2/shop/web/manifests/1.0.0')).status).toBe(200);
  });
});

describe('the API of artifacts', () => {
  const ask = (method: string, path: string) =>
    registry.ask(method, path, { header: registry.basic().authorization ?? '' });

  it('shows artifacts by tag or digest, with the scan only when it is asked for', async () => {
    const { digest } = exampleImage('shop/web', '1.0.0').content.top;
    const plain = await ask('GET', `${API}/1.0.0`);
    expect(plain.body).toMatchObject({
      digest,
      tags: [{ name: '1.0.0' }, { name: expect.stringMatching(/^dev-/) }],
    });
    expect(plain.body).not.toHaveProperty('scan_overview');
    const { body } = await ask('GET', `${API}/${digest}?with_scan_overview=true&with_tag=false`);
    expect(body).toMatchObject({
      scan_overview: {
        'application/vnd.security.vulnerability.report; version=1.1': {
          scan_status: 'Success',
          severity: 'Critical',
          summary: { total: 11, fixable: 4, summary: { Critical: 1 } },
        },
      },
    });
    expect(body).not.toHaveProperty('tags');
    expect((await ask('GET', `${API}`)).body).toHaveLength(3);
    expect((await ask('GET', '/api/v2.0/projects?page_size=2')).body).toMatchObject([
      { name: 'shop' },
      { name: 'fleet' },
    ]);
  });

  it('scans on demand, which takes its time', async () => {
    await control.settings({ scanMs: 60_000 });
    const path = '/api/v2.0/projects/fleet/repositories/shop%252Fworker/artifacts/1.2.0';
    expect((await ask('GET', `${path}?with_scan_overview=true`)).body).not.toHaveProperty('scan_overview');
    expect((await ask('POST', `${path}/scan`)).status).toBe(202);
    const { body } = await ask('GET', `${path}?with_scan_overview=true`);
    expect(JSON.stringify(body)).toContain('"scan_status":"Running"');
    expect((await ask('POST', `${API}/1.0.0/scan`)).status).toBe(202);
  });

  it.each([
    ['GET', `${API}/nothing`, 404],
    ['GET', '/api/v2.0/projects/nothing/repositories/web/artifacts/1.0.0', 403],
    // a slash that was encoded once
    ['GET', '/api/v2.0/projects/fleet/repositories/shop%2Fworker/artifacts/1.0.0', 404],
    ['GET', `${API}/1.0.0?with_scan_overview=perhaps`, 400],
  ])('%s %s is refused', async (method, path, status) => {
    expect((await ask(method, path)).status).toBe(status);
  });

  it('is closed to nobody in particular', async () => {
    expect((await registry.ask('GET', `${API}/1.0.0`)).status).toBe(401);
    expect(await registry.ask('GET', '/api/v2.0/ping')).toMatchObject({ status: 200, body: 'Pong' });
  });
});

describe('charts of a project', () => {
  it('stand in an index with the digests of their archives', async () => {
    const { bytes } = await registry.ask('GET', '/chartrepo/charts/index.yaml');
    const [archive] = chartContent('shop', '1.4.2').blobs;
    expect(bytes.toString()).toContain(archive?.digest.replace('sha256:', ''));
    expect(bytes.toString()).toContain('version: 0.10.0+build.7');
    expect((await registry.ask('GET', '/chartrepo/shop/index.yaml')).status).toBe(401);
    const pulled = await registry.ask('GET', '/chartrepo/charts/charts/shop-1.4.2.tgz');
    expect(archive?.bytes.equals(pulled.bytes)).toBe(true);
    expect((await registry.ask('GET', '/chartrepo/charts/charts/shop-9.9.9.tgz')).status).toBe(404);
    expect((await registry.ask('GET', '/chartrepo/shop/charts/shop-1.4.2.tgz')).status).toBe(401);
  });
});

describe('what others do there', () => {
  it('a build pushes, somebody moves a tag, a scanner reports', async () => {
    const built: unknown = JSON.parse(
      await control.post('/build', { repository: 'shop/web', tags: ['2.0.0', 'latest'], text: 'two' }),
    );
    const { digest } = imageContent('two').top;
    expect(built).toEqual({ digest });
    const old = exampleImage('shop/web', '1.0.0').content.top.digest;
    await control.post('/move-tag', { repository: 'shop/web', tag: 'latest', digest: old });
    const head = await registry.ask('HEAD', '/v2/shop/web/manifests/latest', { scope: PULL });
    expect(head.headers.get('docker-content-digest')).toBe(old);
    const nowhere = { repository: 'shop/web', tag: 'latest', digest: `sha256:${'0'.repeat(64)}` };
    await expect(control.post('/move-tag', nowhere)).rejects.toThrow('404');

    const counts = { High: 2 };
    await control.post('/scan', { repository: 'shop/web', reference: '2.0.0', status: 'Success', counts });
    const header = registry.basic().authorization ?? '';
    const scanned = await registry.ask('GET', `${API}/2.0.0?with_scan_overview=true`, { header });
    expect(JSON.stringify(scanned.body)).toContain('"severity":"High"');
    await control.post('/scan', { repository: 'shop/web', reference: '2.0.0', status: null });
    const absent = await registry.ask('GET', `${API}/2.0.0?with_scan_overview=true`, { header });
    expect(absent.body).not.toHaveProperty('scan_overview');
  });
});

it('keeps everything over a restart, tokens too', async () => {
  await registry.push('shop/web', 'kept', imageContent('kept'));
  const header = `Bearer ${await registry.token(PULL)}`;
  await harbor.close();
  await start();
  const kept = await registry.ask('GET', '/v2/shop/web/manifests/kept', { header });
  expect(kept.bytes.equals(imageContent('kept').top.bytes)).toBe(true);
  expect(existsSync(join(folder, 'blobs'))).toBe(true);
  const events = await control.events();
  expect(events.filter(({ object }) => object === 'example artifacts')).toHaveLength(1);
});
