import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ReadinessDeps, readinessOf } from '../../../src/activities/delivery/readiness.js';
import { PROMOTION_OBJECT } from '../../../src/domain/promotion/request.js';
import { Applications } from '../../../src/systems/argocd/applications.js';
import { Flux } from '../../../src/systems/flux/flux.js';
import { helmReleaseFrom, kustomizationFrom } from '../../../src/systems/flux/objects.js';
import { GitLabRepositories } from '../../../src/systems/gitlab/repositories.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Secret } from '../../../src/systems/secret.js';
import { ChangeRecords } from '../../../src/systems/servicenow/change-records.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';
import { type AskedPromotion, type Asking, PromotionStage } from '../promotion-stage.js';

const PROJECT = 'shop-prod/ops';
/** a Wednesday, noon */
const NOW = Date.parse('2026-11-25T12:00:00Z');
const HOUR = 3_600_000;

let standIns: StandIns;
let stage: PromotionStage;
let deps: ReadinessDeps;
let changeRecords: ChangeRecords;

beforeAll(async () => {
  [standIns, stage] = await Promise.all([
    startStandIns('gitlab', 'kubernetes', 'servicenow'),
    PromotionStage.open(),
  ]);
  const { username, password } = standIns.world.servicenow;
  changeRecords = new ChangeRecords({
    baseUrl: standIns.origin('servicenow'),
    credential: async () => ({ kind: 'basic', username, password: new Secret(password) }),
  });
  const connection = new KubernetesConnection({
    server: `${standIns.origin('kubernetes')}/clusters/management`,
    token: async () => new Secret(standIns.world.kubernetes.managementToken),
  });
  deps = {
    ledger: stage.ledger.worker,
    repositories: new GitLabRepositories({
      baseUrl: standIns.origin('gitlab'),
      token: async () => new Secret(standIns.world.gitlab.token),
    }),
    changeRecords,
    clusters: {
      applicationsOf: ({ namespace }) => new Applications({ connection, namespace }),
      fluxOf: () => new Flux({ connection }),
    },
  };
});
afterEach(async () => {
  for (const name of ['gitlab', 'kubernetes', 'servicenow']) {
    expect(await standIns.control(name).violations()).toEqual([]);
  }
});
afterAll(async () => {
  await Promise.all([standIns.close(), stage.close()]);
});

const DELIVERY = {
  kind: 'argocd',
  name: 'eu',
  cluster: 'harbour-01',
  connection: 'management',
  namespace: 'argocd',
  application: 'shop-prod',
  workloads: [],
} as const;

async function ask(more: Asking = {}): Promise<AskedPromotion> {
  return await stage.ask({ places: [{ project: PROJECT, deliveries: [DELIVERY] }], ...more });
}

function ready({ request }: AskedPromotion, own = deps) {
  const [place] = request.content.targets;
  if (place === undefined) throw new Error('the promotion has no place');
  return readinessOf(own, request, place, NOW);
}

/** Calls of ours that a system has got; Argo CD's controller looks at Git by itself. */
async function calls(name: string): Promise<number> {
  const events = await standIns.control(name).events();
  return events.filter(({ phase, path }) => phase === 'request' && path.includes('/api/')).length;
}

it('is ready when nothing is in the way', async () => {
  expect(await ready(await ask())).toMatchObject({ state: 'ready' });
});

it('waits for a hold to be released, and asks nobody else meanwhile', async () => {
  const asked = await ask();
  const { application, environment } = asked.request.content;
  const [reason = ''] = await stage.ledger.worker.keepPersonal(asked.requestId, ['the shop is full']);
  const holdId = `hold-${asked.requestId}`;
  const by = { kind: 'person', id: 'p-ada' } as const;
  await stage.ledger.api.placeHold(null, { holdId, scope: { application, environment }, by, reason });
  const before = await calls('gitlab');
  const held = await ready(asked);
  expect(held).toMatchObject({ state: 'waiting', clause: expect.stringContaining(holdId) });
  expect(held.wakeAtMs).toBeUndefined();
  expect(await calls('gitlab')).toBe(before);
  await stage.ledger.api.releaseHold({ holdId, by });
  expect(await ready(asked)).toMatchObject({ state: 'ready' });
});

it('waits for the approval of its change record, and gives up when that is rejected', async () => {
  const asked = await ask({ rules: { changeRecord: true } });
  const { record } = await changeRecords.open({
    correlationId: asked.requestId,
    shortDescription: 'Promote',
    description: 'Promote',
  });
  await expect(ready(asked)).rejects.toThrow(/holds no change record/);
  await stage.completed(asked.requestId, asked.environment, PROMOTION_OBJECT.changeRecord, {
    sysId: record.sysId,
  });
  await changeRecords.requestApproval(record.sysId);
  const waiting = await ready(asked);
  expect(waiting).toMatchObject({
    state: 'waiting',
    clause: expect.stringContaining(record.number),
    wakeAtMs: NOW + 60_000,
  });
  const control = standIns.control('servicenow');
  await control.post('/approval', { change: asked.requestId, approval: 'approved' });
  expect(await ready(asked)).toMatchObject({ state: 'ready' });
  await control.post('/edit', { change: asked.requestId, fields: { approval: 'rejected' } });
  await expect(ready(asked)).rejects.toMatchObject({
    type: 'CannotSucceed',
    fields: { system: 'servicenow', message: expect.stringContaining('rejected') },
  });
  await expect(ready(asked, { ...deps, changeRecords: undefined })).rejects.toThrow(/names no system/);
});

it('waits for the end of a freeze of the project, which an exception does not', async () => {
  const url = `${standIns.origin('gitlab')}/api/v4/projects/${encodeURIComponent(PROJECT)}/freeze_periods`;
  const headers = {
    'private-token': standIns.world.gitlab.token,
    'content-type': 'application/json',
  };
  const body = { freeze_start: '0 20 * * 2', freeze_end: '30 12 * * 3', cron_timezone: 'UTC' };
  await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const [made] = await new GitLabRepositories({
    baseUrl: standIns.origin('gitlab'),
    token: async () => new Secret(standIns.world.gitlab.token),
  }).freezePeriods(PROJECT);
  expect(await ready(await ask())).toMatchObject({
    state: 'waiting',
    clause: expect.stringContaining(`the project ${PROJECT}`),
    wakeAtMs: NOW + HOUR / 2,
  });
  const before = await calls('gitlab');
  expect(await ready(await ask({ exception: 'hotfix' }))).toMatchObject({ state: 'ready' });
  expect(await calls('gitlab')).toBe(before);
  await fetch(`${url}/${made?.id}`, { method: 'DELETE', headers });
  expect(await ready(await ask())).toMatchObject({ state: 'ready' });
});

/** Changes an object of Argo CD, as people do. */
async function change(path: string, patch: object): Promise<void> {
  const object = `/apis/argoproj.io/v1alpha1/namespaces/argocd/${path}`;
  const answer = await fetch(`${standIns.origin('kubernetes')}/clusters/management${object}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${standIns.origin('kubernetesAdminToken')}`,
      'content-type': 'application/merge-patch+json',
    },
    body: JSON.stringify(patch),
  });
  expect(answer.status).toBe(200);
}

const setWindows = (syncWindows: readonly object[] | null): Promise<void> =>
  change('appprojects/shop', { spec: { syncWindows } });

it('waits for a sync window of the project of its Application to open', async () => {
  const night = { kind: 'allow', schedule: '30 12 * * *', duration: '1h', applications: ['shop-*'] };
  await setWindows([night]);
  expect(await ready(await ask())).toMatchObject({
    state: 'waiting',
    clause: expect.stringMatching(/^syncs of eu: outside of/),
    wakeAtMs: NOW + HOUR / 2,
  });
  await setWindows([{ ...night, applications: ['bank-*'] }]);
  expect(await ready(await ask())).toMatchObject({ state: 'ready' });
  await setWindows(null);
});

it('a deny window lets people sync by hand, and a promotion slips through it', async () => {
  const noon = { kind: 'deny', schedule: '30 11 * * *', duration: '1h', applications: ['shop-*'] };
  await setWindows([{ ...noon, manualSync: true }]);
  expect(await ready(await ask())).toMatchObject({
    state: 'waiting',
    clause: expect.stringMatching(/^syncs of eu: /),
    wakeAtMs: NOW + HOUR / 2,
  });
  await setWindows(null);
});

it('a window of alternatives and classes counts as Argo CD reads it, and one that cannot be read holds everything back', async () => {
  const noon = { kind: 'deny', schedule: '30 11 * * *', duration: '1h' };
  await setWindows([{ ...noon, applications: ['{bank,shop}-pro[a-z]'] }]);
  expect(await ready(await ask())).toMatchObject({ state: 'waiting', wakeAtMs: NOW + HOUR / 2 });
  await setWindows([{ ...noon, applications: ['{bank,cart}-pro[a-z]', 'shop-[!p]*'] }]);
  expect(await ready(await ask())).toMatchObject({ state: 'ready' });
  await setWindows([{ ...noon, schedule: 'at noon', applications: ['shop-*'] }]);
  expect(await ready(await ask())).toMatchObject({
    state: 'waiting',
    clause: expect.stringMatching(/cannot be read.*at noon/),
  });
  await setWindows(null);
});

/** What is in the way of every merge until the remedy was done. */
async function refusedUntil(message: RegExp, remedy: RegExp, doRemedy: () => Promise<void>): Promise<void> {
  const asked = await ask();
  await expect(ready(asked)).rejects.toMatchObject({
    type: 'CannotSucceed',
    fields: {
      system: 'argocd',
      object: 'application argocd/shop-prod on management',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    },
  });
  await doRemedy();
  expect(await ready(asked)).toMatchObject({ state: 'ready' });
}

it('is refused while the auto-sync of its Application is off, before anything is merged', async () => {
  const automated = { prune: true };
  const switchOn = () => change('applications/shop-prod', { spec: { syncPolicy: { automated } } });
  for (const off of [null, { ...automated, enabled: false }]) {
    await change('applications/shop-prod', { spec: { syncPolicy: { automated: off } } });
    await refusedUntil(/auto-sync is off.*nothing was merged/, /syncPolicy\.automated/, async () => {
      await change('applications/shop-prod', { spec: { syncPolicy: { automated: null } } });
      await switchOn();
    });
  }
});

it('is refused while an annotation stops its Application, before anything is merged', async () => {
  const set = (value: string | null) =>
    change('applications/shop-prod', {
      metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': value } },
    });
  await set('true');
  await refusedUntil(/skip-reconcile stops it/, /Remove the annotation/, () => set(null));
});

it('is refused while its Application is not there, before anything is merged', async () => {
  const places = [{ project: PROJECT, deliveries: [{ ...DELIVERY, application: 'not-there' }] }];
  await expect(ready(await ask({ places }))).rejects.toMatchObject({
    type: 'CannotSucceed',
    fields: {
      object: 'application argocd/not-there on management',
      remedy: expect.stringContaining('correct the name'),
    },
  });
  // the remedy: the name that is there
  expect(await ready(await ask())).toMatchObject({ state: 'ready' });
});

it('is refused while what delivers it is suspended, before anything is merged', async () => {
  const flux = {
    kind: 'flux',
    name: 'basket',
    cluster: 'harbour-01',
    connection: 'harbour-01',
    namespace: 'basket',
    kustomization: 'basket',
    helmReleases: [{ name: 'cache', chart: 'cache' }],
    workloads: [],
  } as const;
  const asked = await ask({ places: [{ project: PROJECT, deliveries: [flux] }] });
  const subject = { system: 'flux', operation: 'get', object: 'basket/basket' } as const;
  const where = (kustomization: boolean, release: boolean): ReadinessDeps => ({
    ...deps,
    clusters: {
      ...deps.clusters,
      fluxOf: () => ({
        kustomization: async () => ({
          serverTime: undefined,
          object: kustomizationFrom(
            {
              metadata: { name: 'basket' },
              spec: { suspend: kustomization, sourceRef: { kind: 'GitRepository', name: 'fleet' } },
            },
            subject,
          ),
        }),
        helmRelease: async () => ({
          serverTime: undefined,
          object: helmReleaseFrom({ metadata: { name: 'cache' }, spec: { suspend: release } }, subject),
        }),
      }),
    },
  });
  expect(await ready(asked, where(false, false))).toMatchObject({ state: 'ready' });
  for (const [kustomization, release, object] of [
    [true, false, 'kustomization basket/basket on harbour-01'],
    [false, true, 'helmrelease basket/cache on harbour-01'],
  ] as const) {
    await expect(ready(asked, where(kustomization, release))).rejects.toMatchObject({
      type: 'CannotSucceed',
      fields: { system: 'flux', object, remedy: expect.stringContaining('flux resume') },
    });
  }
});
