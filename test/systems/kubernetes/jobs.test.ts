import { describe, expect, it } from 'vitest';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Jobs } from '../../../src/systems/kubernetes/jobs.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';

const TOKEN = 'a-token-that-must-not-be-shown';
const CRON_JOB = '/apis/batch/v1/namespaces/shop/cronjobs/smoke';
const JOBS = '/apis/batch/v1/namespaces/shop/jobs';
const JOB = `${JOBS}/gatehouse-smoke-1`;
const WANTED = {
  namespace: 'shop',
  name: 'gatehouse-smoke-1',
  cronJob: 'smoke',
  annotations: { 'gatehouse/request': 'req-1' },
};
const TEMPLATE = {
  metadata: { labels: { team: 'shop' } },
  spec: { backoffLimit: 1, template: { spec: { restartPolicy: 'Never', containers: [] } } },
};

function jobsOf(server: string): Jobs {
  return new Jobs(new KubernetesConnection({ server, token: async () => new Secret(TOKEN) }));
}

function missing(name: string): object {
  return { kind: 'Status', status: 'Failure', code: 404, reason: 'NotFound', details: { name } };
}

function job(labels: object, conditions: readonly object[] | null = null): object {
  return { metadata: { name: WANTED.name, labels }, status: { conditions } };
}

const OURS = { 'app.kubernetes.io/managed-by': 'gatehouse' };

describe('Jobs', () => {
  it('makes a job of the template of a CronJob, marked as ours', async () => {
    await using server = await answeringServer((asked, response) => {
      if (asked.method === 'POST') json(response, 201, job(OURS));
      else if (asked.target === CRON_JOB) json(response, 200, { spec: { jobTemplate: TEMPLATE } });
      else json(response, 404, missing(WANTED.name));
    });
    expect(await jobsOf(server.url).ensureFromCronJob(WANTED)).toBe('created');
    const made = server.asked.find(({ method }) => method === 'POST');
    expect(made?.target).toBe(`${JOBS}?fieldManager=gatehouse`);
    expect(JSON.parse(made?.body ?? '')).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: WANTED.name,
        namespace: 'shop',
        labels: { team: 'shop', ...OURS },
        annotations: WANTED.annotations,
      },
      spec: TEMPLATE.spec,
    });
  });

  it('adopts the job that an attempt before has made, and makes no second one', async () => {
    await using server = await answeringServer((_, response) => json(response, 200, job(OURS)));
    expect(await jobsOf(server.url).ensureFromCronJob(WANTED)).toBe('adopted');
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
  });

  it('adopts the job that came between looking and making', async () => {
    let made = false;
    await using server = await answeringServer((asked, response) => {
      if (asked.method === 'POST') {
        made = true;
        json(response, 409, { kind: 'Status', status: 'Failure', code: 409, reason: 'AlreadyExists' });
      } else if (asked.target === CRON_JOB) json(response, 200, { spec: { jobTemplate: TEMPLATE } });
      else if (made) json(response, 200, job(OURS));
      else json(response, 404, missing(WANTED.name));
    });
    expect(await jobsOf(server.url).ensureFromCronJob(WANTED)).toBe('adopted');
  });

  it('takes no job of somebody else for its own', async () => {
    await using server = await answeringServer((_, response) => json(response, 200, job({ team: 'shop' })));
    const jobs = jobsOf(server.url);
    expect(await cleanTroubleFrom(jobs.ensureFromCronJob(WANTED), TOKEN)).toMatchObject({ kind: 'conflict' });
    expect(await cleanTroubleFrom(jobs.stateOf(WANTED), TOKEN)).toMatchObject({ kind: 'conflict' });
  });

  it('says that there is no such CronJob', async () => {
    await using server = await answeringServer((asked, response) =>
      json(response, 404, missing(asked.target === CRON_JOB ? 'smoke' : WANTED.name)),
    );
    expect(await cleanTroubleFrom(jobsOf(server.url).ensureFromCronJob(WANTED), TOKEN)).toMatchObject({
      kind: 'not-found',
      object: 'shop/smoke',
      remedy: expect.stringContaining('CronJob'),
    });
  });

  it.each<[string, readonly object[] | null, string, RegExp]>([
    ['no condition', null, 'running', /has not ended/],
    ['suspended', [{ type: 'Suspended', status: 'True' }], 'running', /has not ended/],
    ['not complete', [{ type: 'Complete', status: 'False' }], 'running', /has not ended/],
    ['complete', [{ type: 'Complete', status: 'True' }], 'complete', /is complete/],
    [
      'failed',
      [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'it has\nfailed' }],
      'failed',
      /failed: BackoffLimitExceeded: it has failed/,
    ],
    // set before Failed, when the decision is made and pods still end
    ['about to fail', [{ type: 'FailureTarget', status: 'True' }], 'failed', /no reason given/],
  ])('%s is %s', async (_, conditions, state, detail) => {
    await using server = await answeringServer((__, response) => json(response, 200, job(OURS, conditions)));
    expect(await jobsOf(server.url).stateOf(WANTED)).toEqual({
      state,
      detail: expect.stringMatching(detail),
    });
    expect(server.asked[0]?.target).toBe(JOB);
  });

  it('says null for a job that is not there', async () => {
    await using server = await answeringServer((_, response) => json(response, 404, missing(WANTED.name)));
    expect(await jobsOf(server.url).stateOf(WANTED)).toBeNull();
  });
});
