import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import {
  type ExampleRepository,
  type ExampleVersion,
  exampleImage,
} from '../../../sandbox/harbor/example-artifacts.js';
import { HarborClient } from '../../../src/systems/harbor/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const REPORT = 'application/vnd.security.vulnerability.report; version=1.1';
const OLD_REPORT = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const NOTHING = { critical: 0, high: 0, medium: 0, low: 0, none: 0, unknown: 0 };

let standIns: StandIns;
let control: ControlClient;
let password: string;
let client: HarborClient;

beforeAll(async () => {
  standIns = await startStandIns('harbor');
  control = standIns.control('harbor');
});

beforeEach(() => {
  password = standIns.world.harbor.users[0]?.password ?? '';
  client = clientAt(standIns.origin('harbor'));
});

afterEach(async () => {
  await control.removeFaults();
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function clientAt(baseUrl: string): HarborClient {
  return new HarborClient({
    baseUrl,
    credential: async () => ({ username: 'robot$gatehouse', password: new Secret(password) }),
  });
}

function artifact(repository: ExampleRepository, version: ExampleVersion) {
  const [project = '', ...rest] = repository.split('/');
  const { digest } = exampleImage(repository, version).content.top;
  return { project, repository: rest.join('/'), digest };
}

describe('a scan report', () => {
  it('has numbers by severity, how many could be fixed, and when it was made', async () => {
    expect(await client.vulnerabilities(artifact('shop/web', '1.0.0'))).toEqual({
      state: 'scanned',
      counts: { ...NOTHING, critical: 1, high: 3, medium: 7 },
      fixable: 4,
      scannedAt: '2026-01-15T06:00:00.000Z',
    });
    expect(await client.vulnerabilities(artifact('shop/web', '1.2.0'))).toMatchObject({
      state: 'scanned',
      counts: NOTHING,
    });
  });

  it('that there is not is not clean', async () => {
    const worker = artifact('fleet/shop/worker', '1.2.0');
    expect(await client.vulnerabilities(worker)).toEqual({ state: 'absent' });
    expect(await client.vulnerabilities(artifact('shop/api', '1.1.0'))).toEqual({
      state: 'running',
      status: 'Running',
    });
    expect(await client.vulnerabilities(artifact('shop/api', '1.0.0'))).toEqual({
      state: 'failed',
      status: 'Error',
    });
  });

  it('is that of the digest, wherever the tag is moved to', async () => {
    const { digest } = artifact('shop/web', '1.0.0');
    await control.post('/move-tag', { repository: 'shop/web', tag: '1.2.0', digest });
    try {
      expect(await client.vulnerabilities(artifact('shop/web', '1.2.0'))).toMatchObject({ counts: NOTHING });
    } finally {
      const { digest: before } = artifact('shop/web', '1.2.0');
      await control.post('/move-tag', { repository: 'shop/web', tag: '1.2.0', digest: before });
    }
  });

  it('is asked for with the slash in the name encoded twice, which once would not find', async () => {
    const before = (await control.events()).at(-1)?.seq ?? 0;
    const worker = artifact('fleet/shop/worker', '1.0.0');
    expect(await client.vulnerabilities(worker)).toMatchObject({ state: 'scanned' });
    const [asked] = await control.events(before);
    expect(asked?.path).toContain('/projects/fleet/repositories/shop%252Fworker/artifacts/sha256');
    const once = await fetch(
      `${standIns.origin('harbor')}/api/v2.0/projects/fleet/repositories/shop%2Fworker/artifacts/${worker.digest}`,
      { headers: { authorization: `Basic ${btoa(`robot$gatehouse:${password}`)}` } },
    );
    expect(once.status).toBe(404);
  });

  it('of what Harbor does not have is an error, not an absence', async () => {
    const nothing = { project: 'shop', repository: 'web', digest: DIGEST };
    expect(await cleanTroubleFrom(client.vulnerabilities(nothing), password)).toMatchObject({
      kind: 'not-found',
      code: 'NOT_FOUND',
      object: `shop/web@${DIGEST}`,
    });
  });
});

/** What an answer of Harbor with this overview is read as. */
async function read(overview: unknown, digest = DIGEST) {
  await using server = await answeringServer((_asked, response) =>
    json(response, 200, { digest, ...(overview === undefined ? {} : { scan_overview: overview }) }),
  );
  return await clientAt(server.url).vulnerabilities({ project: 'p', repository: 'r', digest: DIGEST });
}

describe('an overview', () => {
  const done = { scan_status: 'Success', end_time: '2026-01-15T06:00:00Z' };

  it.each([[undefined], [null], [{}]])('that is %j is no scan', async (overview) => {
    expect(await read(overview)).toEqual({ state: 'absent' });
  });

  it.each([
    ['Pending', 'running'],
    ['Scheduled', 'running'],
    ['Running', 'running'],
    ['SomethingNew', 'running'],
    ['Error', 'failed'],
    ['Stopped', 'failed'],
  ])('with status %s is %s', async (status, state) => {
    expect(await read({ [REPORT]: { scan_status: status } })).toEqual({ state, status });
  });

  it('counts what has no known severity, or only stands in the total, as unknown', async () => {
    const summary = {
      total: 12,
      fixable: 2,
      summary: { Critical: 1, Negligible: 2, None: 3, Unknown: 1, Bespoke: 2 },
    };
    expect(await read({ [REPORT]: { ...done, summary } })).toMatchObject({
      counts: { critical: 1, high: 0, medium: 0, low: 2, none: 3, unknown: 1 + 2 + 3 },
    });
  });

  it('of several kinds is read from the newer one; one of an unknown kind is better than none', async () => {
    const found = (total: number) => ({ ...done, summary: { total, fixable: 0, summary: { High: total } } });
    expect(await read({ [OLD_REPORT]: found(1), [REPORT]: found(2) })).toMatchObject({ counts: { high: 2 } });
    expect(await read({ [OLD_REPORT]: found(1) })).toMatchObject({ counts: { high: 1 } });
    expect(await read({ 'application/x-other': found(3) })).toMatchObject({ counts: { high: 3 } });
  });

  it.each([
    ['without numbers', { [REPORT]: done }],
    ['with numbers that are null', { [REPORT]: { ...done, summary: null } }],
    ['without a time', { [REPORT]: { scan_status: 'Success', summary: { total: 0 } } }],
    ['with numbers below nothing', { [REPORT]: { ...done, summary: { total: -1 } } }],
    ['that is a list', [1]],
  ])('of a success %s is malformed, and not clean', async (_what, overview) => {
    expect(await cleanTroubleFrom(read(overview))).toMatchObject({ kind: 'malformed' });
  });

  it('about another artifact is not taken', async () => {
    expect(await cleanTroubleFrom(read({}, `sha256:${'b'.repeat(64)}`))).toMatchObject({ kind: 'malformed' });
  });
});

describe('trouble', () => {
  it('of a wrong password names no password', async () => {
    password = 'canary-wrong-password';
    const trouble = await cleanTroubleFrom(client.vulnerabilities(artifact('shop/web', '1.0.0')), password);
    expect(trouble).toMatchObject({ kind: 'unauthenticated', status: 401, code: 'UNAUTHORIZED' });
    expect(await cleanTroubleFrom(client.ping(), password)).toMatchObject({ kind: 'unauthenticated' });
  });

  it('of a server that repeats what it was sent names no password either', async () => {
    await control.addFault({
      id: 'echo',
      match: {},
      when: 'before',
      kind: 'status',
      status: 500,
      echo: true,
    });
    const trouble = await cleanTroubleFrom(
      client.vulnerabilities(artifact('shop/web', '1.0.0')),
      ...[password, btoa(`robot$gatehouse:${password}`)],
    );
    expect(trouble).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('[secret]') });
  });

  it.each([[''], ['..'], ['a/../../b']])('a repository "%s" leads nowhere else', async (repository) => {
    const before = (await control.events()).at(-1)?.seq ?? 0;
    const trouble = await cleanTroubleFrom(
      client.vulnerabilities({ project: 'shop', repository, digest: DIGEST }),
    );
    expect(['invalid', 'not-found']).toContain(trouble.kind);
    for (const { path } of await control.events(before))
      expect(path).toContain('/projects/shop/repositories/');
  });

  it('ping tells that name and password are good', async () => {
    await expect(client.ping()).resolves.toBeUndefined();
  });
});
