import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import {
  createVerificationActivities,
  type VerificationActivityDeps,
} from '../../../src/activities/verification/activities.js';
import { jobNameOf } from '../../../src/activities/verification/job-name.js';
import type { Check } from '../../../src/domain/promotion/path.js';
import { HttpChecks } from '../../../src/systems/http-check/http-checks.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Jobs } from '../../../src/systems/kubernetes/jobs.js';
import { PrometheusClient } from '../../../src/systems/prometheus/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';
import { type AskedPromotion, PromotionStage } from '../promotion-stage.js';

/** Long enough for one look and no second one. */
const ONE_LOOK_MS = 1_000;
const QUERY = 'shop_error_ratio';

let standIns: StandIns;
let pages: ControlClient;
let stage: PromotionStage;
let deps: VerificationActivityDeps;
/** address of a cluster's API, and a token that may do everything there */
let cluster: { readonly name: string; readonly address: string; readonly admin: string };

beforeAll(async () => {
  [standIns, stage] = await Promise.all([startStandIns('checks', 'kubernetes'), PromotionStage.open()]);
  pages = standIns.control('checks');
  const [first] = standIns.world.clusters;
  if (first === undefined) throw new Error('The example world has no cluster.');
  const address = `${standIns.origin('kubernetes')}/clusters/${first.name}`;
  cluster = { name: first.name, address, admin: standIns.origin('kubernetesAdminToken') };
  const jobs = new Jobs(
    new KubernetesConnection({ server: address, token: async () => new Secret(first.kubernetesToken) }),
  );
  deps = {
    ledger: stage.ledger.worker,
    guard: stage.placeGuard,
    httpChecks: new HttpChecks({ hosts: [standIns.origin('checks')] }),
    prometheus: new PrometheusClient({
      baseUrl: `${standIns.origin('checks')}/prometheus`,
      token: async () => new Secret(standIns.world.checks.prometheusToken),
    }),
    jobsOf: () => jobs,
  };
  await kube('POST', '/api/v1/namespaces', { metadata: { name: 'smoke' } });
  await kube('POST', '/apis/batch/v1/namespaces/smoke/cronjobs', {
    metadata: { name: 'smoke', namespace: 'smoke' },
    spec: {
      suspend: true,
      schedule: '0 0 1 1 *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [] } } } },
    },
  });
});
beforeEach(async () => {
  await page(200);
  await metric(0.001);
});
afterEach(async () => {
  for (const name of ['checks', 'kubernetes']) {
    await standIns.control(name).removeFaults();
    expect(await standIns.control(name).violations()).toEqual([]);
  }
});
afterAll(async () => {
  await Promise.all([standIns.close(), stage.close()]);
});

/** Somebody with all rights calls the cluster. */
async function kube(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${cluster.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${cluster.admin}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

async function page(status: number): Promise<void> {
  await pages.post('/page', { path: '/healthz', status, body: { status: 'ok' } });
}

async function metric(value: number | 'NaN'): Promise<void> {
  await pages.post('/metric', { query: QUERY, answer: { scalar: value } });
}

function http(more: Partial<Extract<Check, { kind: 'http' }>> = {}): Check {
  return {
    kind: 'http',
    name: 'front page',
    url: `${standIns.origin('checks')}/healthz`,
    expectStatus: 200,
    timeoutMs: ONE_LOOK_MS,
    ...more,
  };
}

function errors(timeoutMs = ONE_LOOK_MS): Check {
  return { kind: 'metric', name: 'errors', query: QUERY, atMost: 0.01, timeoutMs };
}

function job(timeoutMs = ONE_LOOK_MS, name = 'smoke test', cronJob = 'smoke'): Check {
  return { kind: 'job', name, connection: cluster.name, namespace: 'smoke', cronJob, timeoutMs };
}

async function ask(...checks: readonly Check[]): Promise<AskedPromotion> {
  return await stage.ask({ rules: { checks } });
}

function run({ requestId, places: [target = ''] }: AskedPromotion, revert = false, own = deps) {
  const { runChecks } = createVerificationActivities(own);
  return stage.run(() => runChecks({ requestId, target, revert }));
}

async function verified({ requestId, places: [target = ''] }: AskedPromotion, check = 'verified') {
  return await stage.passed(requestId, target, check);
}

async function withoutNumber(): Promise<Check> {
  await metric('NaN');
  return errors();
}

/** The place has failed, as the workflow writes it down. */
async function failed({ requestId, places: [target = ''] }: AskedPromotion): Promise<void> {
  await stage.ledger.worker.endTarget(requestId, { target, outcome: 'failed' });
}

describe('runChecks', () => {
  it('passes when all have passed, and notes what each has said', async () => {
    const asked = await ask(http(), errors());
    expect(await run(asked)).toMatchObject({ state: 'passed' });
    expect(await verified(asked)).toEqual({
      'front page': 'answered 200',
      errors: expect.stringContaining('allowed is at most 0.01'),
    });
  });

  it('notes a pass after a rollback under a name of its own', async () => {
    const asked = await ask(http());
    await run(asked, true);
    expect(await verified(asked)).toBeUndefined();
    expect(await verified(asked, 'reverted/verified')).toMatchObject({ 'front page': 'answered 200' });
  });

  it('fails when one fails, and notes nothing', async () => {
    await page(500);
    const asked = await ask(http(), errors());
    expect(await run(asked)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/^front page: answered 500/),
    });
    expect(await verified(asked)).toBeUndefined();
  });

  it('looks again until a check passes, as long as it has time', async () => {
    await page(503);
    const asked = await ask(http({ timeoutMs: 60_000 }));
    const running = run(asked);
    await expect
      .poll(async () => (await pages.events()).some(({ status }) => status === 503), { timeout: 30_000 })
      .toBe(true);
    await page(200);
    expect(await running).toMatchObject({ state: 'passed' });
  });

  it.each<[string, () => Promise<Check>, RegExp]>([
    ['there is no number', withoutNumber, /errors: the value is NaN/],
    [
      'the host may not be asked',
      async () => http({ url: 'https://elsewhere.example.com/' }),
      /not among what may be checked.*systems\.checks\.hosts/,
    ],
    [
      'the CronJob is not there',
      async () => job(ONE_LOOK_MS, 'gone', 'gone'),
      /gone: the CronJob does not exist/,
    ],
    [
      'a job does not end in time',
      async () => job(),
      /smoke test: job gatehouse-smoke-test-\S+ has not ended/,
    ],
  ])('asks a person when %s', async (_, check, message) => {
    const asked = await ask(await check());
    expect(await run(asked)).toMatchObject({
      state: 'inconclusive',
      message: expect.stringMatching(message),
    });
    expect(await verified(asked)).toBeUndefined();
  });

  it('asks a person when a system that checks is not configured', async () => {
    const bare = { ...deps, httpChecks: undefined, prometheus: undefined };
    expect(await run(await ask(http()), false, bare)).toMatchObject({ state: 'inconclusive' });
    expect(await run(await ask(errors()), false, bare)).toMatchObject({
      state: 'inconclusive',
      message: expect.stringContaining('systems.checks.prometheus'),
    });
  });

  it('counts what could not be said as passed once a person has accepted it, and says so', async () => {
    await metric('NaN');
    const asked = await ask(http(), errors());
    expect(await run(asked)).toMatchObject({ state: 'inconclusive' });
    await failed(asked);
    await stage.command(asked.requestId, 'accept', asked.places);
    expect(await run(asked)).toMatchObject({
      state: 'passed',
      message: expect.stringContaining('accepted by a person'),
    });
    expect(await verified(asked)).toMatchObject({ accepted: true });
  });

  it('never counts a failure as passed, whoever accepts it; and an old acceptance counts no more', async () => {
    await metric('NaN');
    const asked = await ask(http(), errors());
    await failed(asked);
    await stage.command(asked.requestId, 'accept', asked.places);
    await page(500);
    expect(await run(asked)).toMatchObject({ state: 'failed' });
    await stage.command(asked.requestId, 'retry', asked.places);
    await failed(asked);
    await page(200);
    expect(await run(asked)).toMatchObject({ state: 'inconclusive' });
    expect(await verified(asked)).toBeUndefined();
  });

  it('refuses what nobody has approved', async () => {
    const open = await stage.ask({ rules: { checks: [http()] }, approved: false });
    await expect(run(open)).rejects.toMatchObject({ type: 'EffectRefused' });
  });
});

describe('a check by a job', () => {
  const path = '/apis/batch/v1/namespaces/smoke/jobs';

  function nameOf({ requestId, places: [target = ''] }: AskedPromotion, failures = 0): string {
    return jobNameOf({ requestId, target, revert: false }, 'smoke test', failures);
  }

  async function made(asked: AskedPromotion): Promise<readonly string[]> {
    const events = await standIns.control('kubernetes').events();
    const prefix = nameOf(asked).slice(0, 'gatehouse-smoke-test-'.length);
    return events.flatMap(({ effect, object }) =>
      effect === 'created' && object?.includes(prefix) === true ? [object] : [],
    );
  }

  async function ends(name: string, type: 'Complete' | 'Failed'): Promise<void> {
    const live = await kube('GET', `${path}/${name}`);
    if (typeof live !== 'object' || live === null) throw new Error('no job');
    await kube('PUT', `${path}/${name}/status`, {
      ...live,
      status: { conditions: [{ type, status: 'True', reason: 'Played' }] },
    });
  }

  it('makes one job, waits for it, and adopts it when it is asked again', async () => {
    const asked = await ask(job());
    const before = (await made(asked)).length;
    expect(await run(asked)).toMatchObject({ state: 'inconclusive' });
    expect(await run(asked)).toMatchObject({ state: 'inconclusive' });
    expect((await made(asked)).length - before).toBe(1);
    await ends(nameOf(asked), 'Complete');
    expect(await run(asked)).toMatchObject({ state: 'passed' });
    expect((await made(asked)).length - before).toBe(1);
  });

  it('fails at once with the job, and takes another one when the place is tried again', async () => {
    const asked = await ask(job(60_000));
    const running = run(asked);
    await expect
      .poll(() => kube('GET', `${path}/${nameOf(asked)}`).catch(() => null), { timeout: 30_000 })
      .not.toBeNull();
    await ends(nameOf(asked), 'Failed');
    expect(await running).toMatchObject({ state: 'failed', message: expect.stringContaining('Played') });
    await failed(asked);
    const again = run(asked);
    await expect
      .poll(() => kube('GET', `${path}/${nameOf(asked, 1)}`).catch(() => null), { timeout: 30_000 })
      .not.toBeNull();
    await ends(nameOf(asked, 1), 'Complete');
    expect(await again).toMatchObject({ state: 'passed' });
  });

  it('has a name that Kubernetes takes, other for everything that makes it another run', () => {
    const base = { requestId: 'req-1', target: 'shop/prod/eu', revert: false };
    const names = [
      jobNameOf(base, 'smoke', 0),
      jobNameOf(base, 'smoke', 1),
      jobNameOf(base, 'Smoke!', 0),
      jobNameOf({ ...base, revert: true }, 'smoke', 0),
      jobNameOf({ ...base, target: 'shop/prod/us' }, 'smoke', 0),
      jobNameOf({ ...base, requestId: 'req-2' }, 'smoke', 0),
      jobNameOf(base, `${'x'.repeat(40)}-y`, 0),
      jobNameOf(base, '---', 0),
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(jobNameOf(base, 'smoke', 0)).toBe(names[0]);
  });
});
