import { createHash } from 'node:crypto';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { chartContent } from '../../../sandbox/harbor/artifact-content.js';
import { devTagOf, exampleArtifacts, exampleImage } from '../../../sandbox/harbor/example-artifacts.js';
import { HarborState } from '../../../sandbox/harbor/state.js';
import { RegistryClient } from '../../../src/systems/registry/client.js';
import type { RegistryHost } from '../../../src/systems/registry/hosts.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const Built = Type.Object({ digest: Type.String() });

let standIns: StandIns;
let control: ControlClient;
let host: string;
let password: string;
let client: RegistryClient;

beforeAll(async () => {
  standIns = await startStandIns('harbor');
  control = standIns.control('harbor');
  host = new URL(standIns.origin('harbor')).host;
});

beforeEach(() => {
  password = standIns.world.harbor.users[0]?.password ?? '';
  client = clientOf();
});

afterEach(async () => {
  await control.removeFaults();
  await control.settings({
    ...{
      login: 'token',
      tokenRealm: null,
      tokenSeconds: 1800,
      tagPage: 100,
      digestHeader: true,
      immutable: [],
    },
  });
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function clientOf(entry: Partial<RegistryHost> = {}, more: { now?: () => number } = {}): RegistryClient {
  const credential = async () => ({ username: 'robot$gatehouse', password: new Secret(password) });
  return new RegistryClient({ hosts: [{ host, insecure: true, credential, ...entry }], ...more });
}

/** the login of somebody who may only read */
function reader(): Partial<RegistryHost> {
  const user = standIns.world.harbor.users[1];
  return {
    credential: async () => ({
      username: user?.name ?? '',
      password: new Secret(user?.password ?? ''),
    }),
  };
}

async function build(repository: string, tag: string, text: string): Promise<string> {
  const answer: unknown = JSON.parse(await control.post('/build', { repository, tags: [tag], text }));
  return Value.Parse(Built, answer).digest;
}

async function requestsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = (await control.events()).at(-1)?.seq ?? 0;
  await work();
  const events = await control.events(before);
  return events.filter(({ phase }) => phase === 'request').map(({ operation }) => operation);
}

async function tagsInState(repository: string): Promise<Readonly<Record<string, string>>> {
  const { tags } = await control.objects(HarborState);
  return Object.fromEntries(
    tags.filter((one) => one.repository === repository).map(({ tag, digest }) => [tag, digest]),
  );
}

describe('resolve', () => {
  it('gives the digest of what a tag is on, and the same by the digest', async () => {
    const { digest, bytes } = exampleImage('shop/web', '1.1.0').content.top;
    const wanted = { digest, mediaType: MANIFEST, size: bytes.length };
    expect(await client.resolve(`${host}/shop/web:1.1.0`)).toEqual(wanted);
    expect(await client.resolve(`${host}/shop/web:${devTagOf('shop/web', '1.1.0')}`)).toEqual(wanted);
    expect(await client.resolve(`${host}/shop/web@${digest}`)).toEqual(wanted);
    // where both are written, the digest counts
    expect(await client.resolve(`${host}/shop/web:1.0.0@${digest}`)).toEqual(wanted);
    expect(digest).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });

  it('sees at once that a tag was moved', async () => {
    const first = await build('shop/web', 'moving', 'first build');
    expect((await client.resolve(`${host}/shop/web:moving`))?.digest).toBe(first);
    const { digest } = exampleImage('shop/web', '1.0.0').content.top;
    await control.post('/move-tag', { repository: 'shop/web', tag: 'moving', digest });
    expect((await client.resolve(`${host}/shop/web:moving`))?.digest).toBe(digest);
    // the digest that was pinned still names what it named
    expect((await client.resolve(`${host}/shop/web@${first}`))?.digest).toBe(first);
  });

  it('is null for what is not there', async () => {
    expect(await client.resolve(`${host}/shop/web:9.9.9`)).toBeNull();
    expect(await client.resolve(`${host}/shop/web@sha256:${'0'.repeat(64)}`)).toBeNull();
    expect(await client.resolve(`${host}/shop/nothing:1.0.0`)).toBeNull();
  });

  it('does not take other bytes for a digest', async () => {
    const { digest } = exampleImage('shop/web', '1.0.0').content.top;
    const other = exampleImage('shop/web', '1.2.0').content.top.bytes.toString('utf8');
    await control.addFault({
      id: 'other-bytes',
      match: { operation: 'get manifest' },
      skip: 1,
      when: 'after',
      kind: 'status',
      status: 200,
      headers: { 'content-type': MANIFEST },
      body: other,
    });
    const trouble = await cleanTroubleFrom(client.resolve(`${host}/shop/web@${digest}`));
    expect(trouble).toMatchObject({ kind: 'malformed', message: expect.stringContaining(digest) });
    expect(trouble.remedy).toContain('Do not run');
  });

  it('does not believe a header that does not fit the bytes, nor needs one', async () => {
    await control.settings({ digestHeader: false });
    const { digest } = exampleImage('shop/web', '1.0.0').content.top;
    expect((await client.resolve(`${host}/shop/web:1.0.0`))?.digest).toBe(digest);

    await using lying = await answeringServer((_asked, response) =>
      json(response, 200, { schemaVersion: 2 }, { 'docker-content-digest': digest }),
    );
    const there = new RegistryClient({ hosts: [{ host: new URL(lying.url).host, insecure: true }] });
    const trouble = await cleanTroubleFrom(there.resolve(`${new URL(lying.url).host}/shop/web:1.0.0`));
    expect(trouble).toMatchObject({ kind: 'malformed', message: expect.stringContaining(digest) });
  });

  it.each([
    ['no manifest', { hello: 'world' }],
    ['of schema 1', { schemaVersion: 1, name: 'shop/web' }],
  ])('does not take for an image what is %s', async (_what, body) => {
    await using server = await answeringServer((_asked, response) => json(response, 200, body));
    const there = new RegistryClient({ hosts: [{ host: new URL(server.url).host, insecure: true }] });
    const trouble = await cleanTroubleFrom(there.resolve(`${new URL(server.url).host}/shop/web:1`));
    expect(trouble.kind).toBe('malformed');
  });

  it('reads no more than a manifest may have', async () => {
    await using server = await answeringServer((_asked, response) =>
      json(response, 200, { schemaVersion: 2, x: 'y'.repeat(5 * 1024 * 1024) }),
    );
    const there = new RegistryClient({ hosts: [{ host: new URL(server.url).host, insecure: true }] });
    const trouble = await cleanTroubleFrom(there.resolve(`${new URL(server.url).host}/shop/web:1`));
    expect(trouble).toMatchObject({ kind: 'malformed', message: expect.stringContaining('larger') });
  });

  it.each([['shop/Web:1'], ['shop/web'], ['shop/../web:1'], ['']])('asks nobody for "%s"', async (text) => {
    const asked = await requestsOf(async () => {
      const reference = text === '' ? '' : `${host}/${text}`;
      expect(await cleanTroubleFrom(client.resolve(reference))).toMatchObject({ kind: 'invalid' });
    });
    expect(asked).toEqual([]);
  });

  it('asks no host that is not configured, and says where to add it', async () => {
    await using other = await answeringServer((_asked, response) => json(response, 200, {}));
    const name = new URL(other.url).host;
    const trouble = await cleanTroubleFrom(client.resolve(`${name}/shop/web:1.0.0`));
    expect(trouble.kind).toBe('invalid');
    expect(trouble.remedy).toContain(`Add ${name} to systems.registry.hosts`);
    expect(await cleanTroubleFrom(client.resolve('nginx:1.27'))).toMatchObject({
      message: expect.stringContaining('docker.io'),
    });
    expect(other.asked).toEqual([]);
  });
});

describe('platforms', () => {
  it('are those that an index lists, without attestations', async () => {
    const { content } = exampleImage('shop/api', '1.2.0');
    const [amd, arm, attestation] = content.manifests.map(({ digest }) => digest);
    const found = await client.platformDigests(`${host}/shop/api:1.2.0`);
    expect(found).toEqual([
      { digest: amd, platform: 'linux/amd64' },
      { digest: arm, platform: 'linux/arm64/v8' },
    ]);
    expect(attestation).toMatch(/^sha256:/);
    // what the tag is on is none of them: a pod that shows amd64's digest runs the release all the same
    const top = (await client.resolve(`${host}/shop/api:1.2.0`))?.digest;
    expect(top).toBe(content.top.digest);
    expect(found?.map(({ digest }) => digest)).not.toContain(top);
    // each of them is there by itself
    expect((await client.resolve(`${host}/shop/api@${amd}`))?.digest).toBe(amd);
  });

  it('are the manifest itself where there is no index, and null where there is nothing', async () => {
    const { digest } = exampleImage('shop/web', '1.2.0').content.top;
    expect(await client.platformDigests(`${host}/shop/web:1.2.0`)).toEqual([{ digest }]);
    expect(await client.platformDigests(`${host}/shop/web:9.9.9`)).toBeNull();
  });
});

describe('tags', () => {
  it('come over all pages', async () => {
    await control.settings({ tagPage: 2 });
    const asked = await requestsOf(async () => {
      const tags = await client.tags(`${host}/fleet/shop/worker`);
      expect(tags).toHaveLength(6);
      expect(tags).toEqual(expect.arrayContaining(['1.0.0', devTagOf('fleet/shop/worker', '1.2.0')]));
    });
    expect(asked.filter((operation) => operation === 'list tags')).toHaveLength(3 + 1);
    expect(await client.tags(`${host}/shop/nothing`)).toBeNull();
  });

  it('are not asked for elsewhere, and not for ever', async () => {
    await using other = await answeringServer((_asked, response) => json(response, 200, { tags: [] }));
    const links = [
      `<${other.url}/v2/shop/web/tags/list>; rel="next"`,
      '</v2/shop/secret/tags/list>; rel="next"',
    ];
    for (const link of links) {
      await using server = await answeringServer((_asked, response) =>
        json(response, 200, { name: 'shop/web', tags: ['1'] }, { link }),
      );
      const name = new URL(server.url).host;
      const there = new RegistryClient({ hosts: [{ host: name, insecure: true }] });
      expect(await cleanTroubleFrom(there.tags(`${name}/shop/web`))).toMatchObject({ kind: 'malformed' });
      expect(server.asked).toHaveLength(1);
    }
    expect(other.asked).toEqual([]);
    await using endless = await answeringServer((_asked, response) =>
      json(response, 200, { tags: ['1'] }, { link: '</v2/shop/web/tags/list?last=1>; rel="next"' }),
    );
    const name = new URL(endless.url).host;
    const there = new RegistryClient({ hosts: [{ host: name, insecure: true }] });
    expect(await cleanTroubleFrom(there.tags(`${name}/shop/web`))).toMatchObject({
      message: expect.stringContaining('does not end'),
    });
  });
});

describe('a new tag', () => {
  const repository = 'shop/web';
  const digest = exampleImage('shop/web', '1.2.0').content.top.digest;

  it('is put on the same bytes, so the digest stays, and twice is once', async () => {
    const wanted = { repository: `${host}/${repository}`, digest, tag: 'prd-1' };
    expect(await client.putTag(wanted)).toMatchObject({ digest });
    expect((await client.resolve(`${host}/${repository}:prd-1`))?.digest).toBe(digest);
    await client.putTag(wanted);
    const effects = (await control.events()).filter(({ object }) => object === `tag ${repository}:prd-1`);
    expect(effects).toHaveLength(1);
  });

  it('may be on an index', async () => {
    const { top } = exampleImage('shop/api', '1.2.0').content;
    await client.putTag({ repository: `${host}/shop/api`, digest: top.digest, tag: 'prd-1' });
    expect(await client.resolve(`${host}/shop/api:prd-1`)).toMatchObject({
      digest: top.digest,
      mediaType: 'application/vnd.oci.image.index.v1+json',
    });
  });

  it('is moved when it stands elsewhere, unless the registry keeps it', async () => {
    const old = exampleImage('shop/web', '1.0.0').content.top.digest;
    const name = `${host}/${repository}`;
    await client.putTag({ repository: name, digest: old, tag: 'prd-2' });
    await client.putTag({ repository: name, digest, tag: 'prd-2' });
    expect((await tagsInState(repository))['prd-2']).toBe(digest);
    await control.settings({ immutable: [repository] });
    const trouble = await cleanTroubleFrom(
      client.putTag({ repository: name, digest: old, tag: 'prd-2' }),
      password,
    );
    expect(trouble).toMatchObject({ kind: 'conflict', status: 412, code: 'PRECONDITION' });
    expect(trouble.remedy).toContain('another tag');
    expect((await tagsInState(repository))['prd-2']).toBe(digest);
  });

  it('whose answer was lost is there, once, when it is asked for again', async () => {
    await control.addFault({ id: 'lost', match: { method: 'PUT' }, skip: 1, when: 'after', kind: 'cut' });
    const wanted = { repository: `${host}/${repository}`, digest, tag: 'prd-3' };
    // the first PUT is only told to log in
    expect(await cleanTroubleFrom(client.putTag(wanted), password)).toMatchObject({ kind: 'unavailable' });
    expect((await tagsInState(repository))['prd-3']).toBe(digest);
    await client.putTag(wanted);
    const effects = (await control.events()).filter(({ object }) => object === `tag ${repository}:prd-3`);
    expect(effects).toHaveLength(1);
  });

  it('is not put on what the repository does not have', async () => {
    const missing = `sha256:${'1'.repeat(64)}`;
    const asked = await requestsOf(async () => {
      const put = client.putTag({ repository: `${host}/${repository}`, digest: missing, tag: 'prd-4' });
      expect(await cleanTroubleFrom(put)).toMatchObject({ kind: 'not-found' });
    });
    expect(asked).not.toContain('put manifest');
    expect(await tagsInState(repository)).not.toHaveProperty('prd-4');
  });

  it('is refused to whoever may only read, and that is no trouble of the whole registry', async () => {
    const put = clientOf(reader()).putTag({ repository: `${host}/${repository}`, digest, tag: 'prd-5' });
    const trouble = await cleanTroubleFrom(put, standIns.world.harbor.users[1]?.password ?? '');
    expect(trouble).toMatchObject({ kind: 'forbidden', status: 401 });
    expect(await tagsInState(repository)).not.toHaveProperty('prd-5');
  });

  it.each([['latest '], ['a/b'], ['../x'], ['']])('is not sent with the tag "%s"', async (tag) => {
    const asked = await requestsOf(async () => {
      const put = client.putTag({ repository: `${host}/${repository}`, digest, tag });
      expect(await cleanTroubleFrom(put)).toMatchObject({ kind: 'invalid' });
    });
    expect(asked).toEqual([]);
  });

  it('is not believed on another digest', async () => {
    const other = `sha256:${'2'.repeat(64)}`;
    const bytes = exampleImage('shop/web', '1.2.0').content.top.bytes;
    await using server = await answeringServer((asked, response) => {
      if (asked.method === 'GET') response.writeHead(200, { 'content-type': MANIFEST }).end(bytes);
      else json(response, 201, {}, { 'docker-content-digest': other });
    });
    const name = new URL(server.url).host;
    const there = new RegistryClient({ hosts: [{ host: name, insecure: true }] });
    const put = there.putTag({ repository: `${name}/shop/web`, digest, tag: 'x' });
    expect(await cleanTroubleFrom(put)).toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining(other),
    });
    // the same bytes went back, not the same meaning written anew
    expect(server.asked.at(-1)).toMatchObject({ method: 'PUT', body: bytes.toString('utf8') });
  });
});

describe('charts', () => {
  it('are found in an OCI registry by their version', async () => {
    const found = await client.chartVersion(`oci://${host}/charts/shop`, '1.4.2');
    const resolved = await client.resolve(`${host}/charts/shop:1.4.2`);
    expect(found).toEqual({ digest: resolved?.digest });
    // + is _ in a tag
    expect(await client.chartVersion(`${host}/charts/edge`, '0.10.0+build.7')).not.toBeNull();
    expect(await client.chartVersion(`${host}/charts/shop`, '1.4.9')).toBeNull();
    expect(await client.chartVersion(`${host}/charts/nothing`, '1.4.2')).toBeNull();
  });

  it('are no images', async () => {
    const trouble = await cleanTroubleFrom(client.chartVersion(`oci://${host}/shop/web`, '1.2.0'));
    expect(trouble).toMatchObject({ kind: 'conflict', message: expect.stringContaining('no Helm chart') });
  });

  it('are pulled with their archive, whose bytes prove themselves', async () => {
    const pulled = await client.pullChart(`oci://${host}/charts/shop`, '1.4.2');
    expect(pulled?.digest).toBe((await client.resolve(`${host}/charts/shop:1.4.2`))?.digest);
    const { blobs } = exampleArtifacts().find(({ tags }) => tags[0] === '1.4.2')?.content ?? { blobs: [] };
    expect(blobs.some(({ bytes }) => pulled?.archive.equals(bytes) === true)).toBe(true);
    expect(await client.pullChart(`oci://${host}/charts/shop`, '1.4.9')).toBeNull();
    for (const answer of [{ status: 200, body: { other: 'bytes' } }, { status: 404 }]) {
      const match = { path: '^/v2/charts/shop/blobs/' };
      await control.addFault({ id: 'blob', match, when: 'before', kind: 'status', ...answer });
      const trouble = await cleanTroubleFrom(client.pullChart(`${host}/charts/shop`, '1.4.2'));
      expect(trouble).toMatchObject({ kind: 'malformed' });
    }
  });

  it('are found in a repository with an index', async () => {
    const url = `http://${host}/chartrepo/charts`;
    for (const address of [url, `${url}/`]) {
      expect(await client.classicChartVersion(address, 'shop', '1.4.2')).toEqual({
        version: '1.4.2',
        url: 'charts/shop-1.4.2.tgz',
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      });
    }
    expect(await client.classicChartVersion(url, 'edge', '0.10.0+build.7')).toMatchObject({
      version: '0.10.0+build.7',
    });
    expect(await client.classicChartVersion(url, 'shop', '1.4.9')).toBeNull();
    expect(await client.classicChartVersion(url, 'nothing', '1.4.2')).toBeNull();
  });

  it('are pulled from there with their archive, which must be that of the index', async () => {
    const url = `http://${host}/chartrepo/charts`;
    const pulled = await client.pullClassicChart(url, 'shop', '1.4.2');
    const [archive] = chartContent('shop', '1.4.2').blobs;
    expect(pulled).toEqual({ digest: archive?.digest, archive: archive?.bytes });
    expect(await client.pullClassicChart(url, 'edge', '0.10.0+build.7')).not.toBeNull();
    expect(await client.pullClassicChart(url, 'shop', '1.4.9')).toBeNull();
    for (const answer of [{ status: 200, body: { other: 'bytes' } }, { status: 404 }]) {
      const match = { path: '^/chartrepo/charts/charts/' };
      await control.addFault({ id: 'archive', match, when: 'before', kind: 'status', ...answer });
      const trouble = await cleanTroubleFrom(client.pullClassicChart(url, 'shop', '1.4.2'));
      expect(trouble).toMatchObject({ kind: 'malformed' });
    }
  });

  it.each([
    ['https://charts.example.com/shop-1.4.2.tgz', 'invalid'],
    ['file:///etc/passwd', 'invalid'],
    [undefined, 'malformed'],
  ])('are not pulled from %s, whatever an index says', async (address, kind) => {
    const urls = address === undefined ? '' : `, urls: ["${address}"]`;
    await using server = await answeringServer((_asked, response) => {
      response.writeHead(200).end(`apiVersion: v1\nentries:\n  shop:\n  - {version: 1.4.2${urls}}\n`);
    });
    const there = new RegistryClient({ hosts: [{ host: new URL(server.url).host, insecure: true }] });
    expect(await cleanTroubleFrom(there.pullClassicChart(server.url, 'shop', '1.4.2'))).toMatchObject({
      kind,
    });
    expect(server.asked).toHaveLength(1);
  });

  it('are read with the login of their host where the index is not open to everybody', async () => {
    const url = `http://${host}/chartrepo/shop`;
    expect(await client.classicChartVersion(url, 'shop', '1.4.2')).toBeNull();
    const anybody = new RegistryClient({ hosts: [{ host, insecure: true }] });
    expect(await cleanTroubleFrom(anybody.classicChartVersion(url, 'shop', '1.4.2'))).toMatchObject({
      kind: 'unauthenticated',
    });
  });

  it.each([
    ['https instead of http', () => `https://${host}/chartrepo/charts`],
    ['another host', () => 'http://charts.example.com/stable'],
    ['no address', () => 'charts'],
    ['a file', () => 'file:///etc'],
    ['a login in it', () => `http://a:b@${host}/chartrepo/charts`],
  ])('are not looked for at %s', async (_what, address) => {
    const asked = await requestsOf(async () => {
      const trouble = await cleanTroubleFrom(client.classicChartVersion(address(), 'shop', '1.4.2'));
      expect(trouble.kind).toBe('invalid');
    });
    expect(asked).toEqual([]);
  });

  it('tell an address without an index from a chart that is missing', async () => {
    expect(
      await cleanTroubleFrom(client.classicChartVersion(`http://${host}/nowhere`, 'shop', '1.4.2')),
    ).toMatchObject({ kind: 'not-found', message: expect.stringContaining('index.yaml') });
  });

  it('are not read out of a page that is no index', async () => {
    await using server = await answeringServer((_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>canary-page</html>');
    });
    const there = new RegistryClient({ hosts: [{ host: new URL(server.url).host, insecure: true }] });
    const found = there.classicChartVersion(`${server.url}/charts`, 'shop', '1.4.2');
    expect(await cleanTroubleFrom(found, 'canary-page')).toMatchObject({ kind: 'malformed' });
  });
});

describe('logging in', () => {
  it('fetches a token when it is asked to, and keeps it for the repository', async () => {
    const first = await requestsOf(() => client.resolve(`${host}/shop/web:1.0.0`));
    expect(first).toEqual(['get manifest', 'get registry token', 'get manifest']);
    const second = await requestsOf(() => client.resolve(`${host}/shop/web:1.1.0`));
    expect(second).toEqual(['get manifest']);
    // another repository, and more rights in this one, need another
    expect(await requestsOf(() => client.resolve(`${host}/shop/api:1.1.0`))).toContain('get registry token');
    const { digest } = exampleImage('shop/web', '1.2.0').content.top;
    const put = { repository: `${host}/shop/web`, digest, tag: 'tokens' };
    expect(await requestsOf(() => client.putTag(put))).toEqual([
      ...['get manifest', 'put manifest', 'get registry token', 'put manifest'],
    ]);
  });

  it('fetches a new one when the old one has ended, by our clock or the registry’s', async () => {
    let now = Date.now();
    const dated = clientOf({}, { now: () => now });
    await dated.resolve(`${host}/shop/web:1.0.0`);
    now += 1_795_000;
    expect(await requestsOf(() => dated.resolve(`${host}/shop/web:1.0.0`))).toContain('get registry token');

    await control.settings({ tokenSeconds: 0 });
    const trouble = await cleanTroubleFrom(clientOf().resolve(`${host}/shop/web:1.0.0`), password);
    expect(trouble).toMatchObject({ kind: 'forbidden' });
  });

  it('works with name and password alone, which are sent only when asked for', async () => {
    await control.settings({ login: 'basic' });
    const first = await requestsOf(() => client.resolve(`${host}/shop/web:1.0.0`));
    expect(first).toEqual(['get manifest', 'get manifest']);
    expect(await requestsOf(() => client.resolve(`${host}/shop/web:1.0.0`))).toEqual(['get manifest']);
  });

  it('is not needed where everybody may read', async () => {
    const anybody = new RegistryClient({ hosts: [{ host, insecure: true }] });
    expect(await anybody.chartVersion(`${host}/charts/shop`, '1.4.2')).not.toBeNull();
    const trouble = await cleanTroubleFrom(anybody.resolve(`${host}/shop/web:1.0.0`));
    expect(trouble).toMatchObject({ kind: 'forbidden' });
    expect(trouble.remedy).toContain('systems.registry.hosts');
  });

  it.each([['token'], ['basic']])(
    'with a wrong password is trouble of the registry, tried once: %s',
    async (login) => {
      await control.settings({ login });
      password = 'canary-wrong-password';
      const asked = await requestsOf(async () => {
        const trouble = await cleanTroubleFrom(
          clientOf().resolve(`${host}/shop/web:1.0.0`),
          password,
          Buffer.from(`robot$gatehouse:${password}`).toString('base64'),
        );
        expect(trouble).toMatchObject({ kind: 'unauthenticated', status: 401 });
      });
      expect(asked).toHaveLength(2);
      if (login === 'basic') {
        const again = clientOf();
        await cleanTroubleFrom(again.resolve(`${host}/shop/web:1.0.0`));
        expect(
          await requestsOf(() => cleanTroubleFrom(again.resolve(`${host}/shop/web:1.0.0`))),
        ).toHaveLength(1);
      }
    },
  );

  it('sends no password to a token service that is not configured', async () => {
    await using thief = await answeringServer((_asked, response) => json(response, 200, { token: 'x' }));
    await control.settings({ tokenRealm: `${thief.url}/token` });
    const trouble = await cleanTroubleFrom(client.resolve(`${host}/shop/web:1.0.0`), password);
    expect(trouble).toMatchObject({ kind: 'invalid', operation: 'get registry token' });
    expect(trouble.remedy).toContain(new URL(thief.url).host);
    expect(thief.asked).toEqual([]);
    // once it is configured it gets the login, for this registry's scope
    const hosts = [
      { host, insecure: true, credential: async () => ({ username: 'me', password: new Secret(password) }) },
      { host: new URL(thief.url).host, insecure: true },
    ];
    expect(
      await cleanTroubleFrom(new RegistryClient({ hosts }).resolve(`${host}/shop/web:1.0.0`)),
    ).toMatchObject({
      kind: 'forbidden',
    });
    expect(thief.asked[0]?.target).toBe(
      '/token?service=harbor-registry&scope=repository%3Ashop%2Fweb%3Apull',
    );
    expect(thief.asked[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('asks a token service over http only where that is configured', async () => {
    const secure = `localhost:${new URL(standIns.origin('harbor')).port}`;
    await control.settings({ tokenRealm: `http://${secure}/service/token` });
    const hosts = [{ host, insecure: true }, { host: secure }];
    const trouble = await cleanTroubleFrom(new RegistryClient({ hosts }).resolve(`${host}/shop/web:1.0.0`));
    expect(trouble).toMatchObject({ kind: 'invalid', operation: 'get registry token' });
  });

  it('without a credential to be had sends nothing more', async () => {
    const broken = clientOf({
      credential: async () => {
        throw new Error('the file of canary-secret is gone');
      },
    });
    const trouble = await cleanTroubleFrom(broken.resolve(`${host}/shop/web:1.0.0`), 'canary-secret');
    expect(trouble.kind).toBe('unauthenticated');
  });
});

describe('trouble', () => {
  it.each([
    [429, 'throttled'],
    [503, 'unavailable'],
    [403, 'forbidden'],
  ] as const)('%i is %s', async (status, kind) => {
    await control.addFault({ id: 'no', match: {}, when: 'before', kind: 'status', status });
    expect(await cleanTroubleFrom(client.resolve(`${host}/shop/web:1.0.0`))).toMatchObject({ kind, status });
  });

  it('of a redirect is told, and nobody follows', async () => {
    await using other = await answeringServer((_asked, response) => json(response, 200, {}));
    const headers = { location: `${other.url}/elsewhere` };
    await control.addFault({ id: 'moved', match: {}, when: 'before', kind: 'status', status: 307, headers });
    expect(await cleanTroubleFrom(client.resolve(`${host}/shop/web:1.0.0`))).toMatchObject({
      kind: 'invalid',
    });
    expect(other.asked).toEqual([]);
  });

  it('shows no token and no password that a careless registry repeats', async () => {
    await client.resolve(`${host}/shop/web:1.0.0`);
    const fault = { id: 'echo', match: {}, when: 'before', kind: 'status', status: 500, echo: true } as const;
    await control.addFault(fault);
    const trouble = await cleanTroubleFrom(client.resolve(`${host}/shop/web:1.0.0`), password);
    expect(trouble.message).toContain('[secret]');
    await control.settings({ login: 'basic' });
    const basic = clientOf();
    await basic.resolve(`${host}/shop/web:1.0.0`);
    await control.addFault(fault);
    await cleanTroubleFrom(
      basic.resolve(`${host}/shop/web:1.0.0`),
      password,
      Buffer.from(`robot$gatehouse:${password}`).toString('base64'),
    );
  });

  it('is not made of a call that the caller gave up', async () => {
    const reason = new Error('cancelled');
    await control.addFault({ id: 'slow', match: {}, when: 'before', kind: 'hold' });
    const abort = new AbortController();
    const call = client.resolve(`${host}/shop/web:1.0.0`, abort.signal);
    await expect.poll(() => control.held()).toHaveLength(1);
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
  });
});

it.each([[{ host: 'https://x' }], [{ host: 'a/b' }], [{ host: 'u@h' }], [{ host: '' }]])(
  'the host %j is refused when it is configured',
  (entry) => {
    expect(() => new RegistryClient({ hosts: [entry] })).toThrow(TypeError);
  },
);

it('ping tells whether a host is a registry that takes our login', async () => {
  await expect(client.ping(host)).resolves.toBeUndefined();
  await control.settings({ login: 'basic' });
  await expect(client.ping(host)).resolves.toBeUndefined();
  password = 'canary-wrong-password';
  expect(await cleanTroubleFrom(clientOf().ping(host), password)).toMatchObject({ kind: 'unauthenticated' });
  await using other = await answeringServer((_asked, response) => json(response, 404, {}));
  const name = new URL(other.url).host;
  const there = new RegistryClient({ hosts: [{ host: name, insecure: true }] });
  expect(await cleanTroubleFrom(there.ping(name))).toMatchObject({ kind: 'not-found' });
  expect(await cleanTroubleFrom(there.ping(host))).toMatchObject({ kind: 'invalid' });
});

it('a host is configured once', () => {
  const hosts = [{ host: 'registry.example.com' }, { host: 'Registry.Example.com' }];
  expect(() => new RegistryClient({ hosts })).toThrow(/twice/);
});
