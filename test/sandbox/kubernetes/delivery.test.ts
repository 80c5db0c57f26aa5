import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { at } from './at.js';
import { ClustersUnderTest, EXTERNAL_SECRETS } from './cluster.js';

const ONE = 'harbour-01-dev-otterize';
const TWO = 'harbour-02-stg-otterize';
const FILE = 'harbour-01/dev/otterize.yaml';
const WAIT = { timeout: 40_000, interval: 20 };

let clusters: ClustersUnderTest;
beforeAll(async () => {
  clusters = await ClustersUnderTest.start();
  await clusters.control('kubernetes').settings({ syncMs: 100 });
  await clusters.control('otterize').settings({ connectMs: 0 });
  await until(TWO, ['health', 'status'], 'Healthy');
  await until(ONE, ['health', 'status'], 'Healthy');
});
afterAll(async () => {
  try {
    for (const name of ['kubernetes', 'gitlab'])
      expect(await clusters.control(name).violations()).toEqual([]);
  } finally {
    await clusters.stop();
  }
});

/** Asks for a refresh, again when the request was lost in one that was running, until the status is as wished. */
function refreshUntil(name: string, path: string[], value: unknown): Promise<unknown> {
  return vi.waitFor(
    async () => {
      const app = await clusters.application(name);
      if (at(app, 'status', ...path) === value) return app;
      if (at(app, 'metadata', 'annotations') === undefined) await clusters.refresh(name);
      throw new Error(`${path.join('.')} is ${String(at(app, 'status', ...path))}`);
    },
    { ...WAIT, interval: 200 },
  );
}

/** Reads the Application until a field of its status is as wished; gives the whole of it. */
function until(name: string, path: string[], value: unknown): Promise<unknown> {
  return vi.waitFor(async () => {
    const app = await clusters.application(name);
    expect(at(app, 'status', ...path)).toBe(value);
    return app;
  }, WAIT);
}

async function head(): Promise<unknown> {
  return at(await clusters.application(ONE), 'status', 'sync', 'revision');
}

function behave(behaviour: Record<string, unknown>): Promise<void> {
  return clusters.control('kubernetes').settings({ applications: { [ONE]: behaviour } });
}

describe('Argo CD on real commits', () => {
  it('begins Synced and Healthy at the first commit, and stays so for the old one until it is asked', async () => {
    const before = await clusters.application(ONE);
    expect(before).toMatchObject({ status: { sync: { status: 'Synced' }, health: { status: 'Healthy' } } });
    const watched = await clusters.watch(ONE);
    const made = await clusters.commit(FILE, 'global: {otterizeCloud: {credentials: {clientId: one}}}\n');
    expect(await clusters.application(ONE)).toEqual(before);
    expect(await clusters.refresh(ONE)).toBe(200);
    const steps = await vi.waitFor(() => {
      const shown = watched.states.map((state) =>
        [
          at(state, 'status', 'sync', 'revision') === made ? 'new' : 'old',
          at(state, 'status', 'sync', 'status'),
          at(state, 'status', 'operationState', 'phase'),
          at(state, 'status', 'health', 'status'),
        ].join(' '),
      );
      expect(shown.slice(1).at(-1)).toBe('new Synced Succeeded Healthy');
      // pods may be up before the comparison after the sync is through
      expect(shown.some((step) => step.endsWith('Succeeded Progressing'))).toBe(true);
      return shown.filter((step, index) => step !== shown[index - 1]);
    }, WAIT);
    watched.stop();
    expect(steps.slice(0, 4)).toEqual([
      // green, for the commit before
      'old Synced Succeeded Healthy',
      'new OutOfSync Succeeded Healthy',
      'new OutOfSync Running Healthy',
      'new OutOfSync Succeeded Healthy',
    ]);
    const end = await clusters.application(ONE);
    expect(at(end, 'metadata', 'annotations')).toBeUndefined();
    expect(at(end, 'operation')).toBeUndefined();
    expect(end).toMatchObject({
      status: {
        sync: { status: 'Synced', revision: made },
        operationState: { phase: 'Succeeded', syncResult: { revision: made } },
        history: [{}, { id: 1, revision: made }],
      },
    });
    expect(at(end, 'status', 'reconciledAt')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('moves only the revision of an application whose folder has not changed', async () => {
    const made = await clusters.commit(FILE, 'global: {otterizeCloud: {credentials: {clientId: two}}}\n');
    const other = await refreshUntil(TWO, ['sync', 'revision'], made);
    expect(other).toMatchObject({ status: { sync: { status: 'Synced' }, history: [{ id: 0 }] } });
    expect(at(other, 'status', 'history', 1)).toBeUndefined();
    await refreshUntil(ONE, ['operationState', 'syncResult', 'revision'], made);
    await until(ONE, ['operationState', 'phase'], 'Succeeded');
  });

  it('takes up a change by itself at its own time', async () => {
    const made = await clusters.commit(FILE, 'global: {otterizeCloud: {credentials: {clientId: three}}}\n');
    await clusters.control('kubernetes').settings({ pollMs: 100 });
    await until(ONE, ['sync', 'revision'], made);
    await until(ONE, ['sync', 'status'], 'Synced');
    await clusters.control('kubernetes').settings({ pollMs: 600_000 });
  });

  it('says that a values file is not YAML, and recovers with the next commit', async () => {
    await clusters.commit(FILE, 'global: {otterizeCloud: [\n');
    const broken = await refreshUntil(ONE, ['sync', 'status'], 'Unknown');
    expect(at(broken, 'status', 'conditions', 0, 'type')).toBe('ComparisonError');
    expect(JSON.stringify(broken)).toContain(FILE);
    await clusters.commit(FILE, 'global: {otterizeCloud: {credentials: {clientId: four}}}\n');
    const mended = await refreshUntil(ONE, ['sync', 'status'], 'Synced');
    expect(at(mended, 'status', 'conditions', 0)).toBeUndefined();
  });

  it('can fail for ever, and is mended by a sync by hand', async () => {
    await behave({ neverSyncs: true });
    const made = await clusters.commit(FILE, 'global: {otterizeCloud: {credentials: {clientId: five}}}\n');
    const stuck = await refreshUntil(ONE, ['conditions', '0', 'type'], 'SyncError');
    expect(stuck).toMatchObject({
      status: {
        sync: { status: 'OutOfSync' },
        operationState: { phase: 'Failed', syncResult: { revision: made } },
      },
    });
    const startedAt = at(stuck, 'status', 'operationState', 'startedAt');
    await behave({});
    await clusters.refresh(ONE);
    await vi.waitFor(async () => {
      const app = await clusters.application(ONE);
      expect(at(app, 'metadata', 'annotations')).toBeUndefined();
      // one attempt per revision: no second one
      expect(at(app, 'status', 'operationState', 'startedAt')).toBe(startedAt);
    }, WAIT);
    await clusters.control('kubernetes').post('/sync', { application: ONE });
    const mended = await until(ONE, ['operationState', 'phase'], 'Succeeded');
    expect(at(mended, 'status', 'conditions', 0)).toBeUndefined();
    await expect(clusters.control('kubernetes').post('/sync', { application: 'none' })).rejects.toThrow(
      '404',
    );
    await until(ONE, ['health', 'status'], 'Healthy');
  });

  it('can be Synced and Healthy with a failed hook, Degraded, or Suspended', async () => {
    await behave({ hookFails: true });
    await clusters.commit(FILE, 'global: {otterizeCloud: {credentials: {clientId: six}}}\n');
    await refreshUntil(ONE, ['operationState', 'phase'], 'Failed');
    const hook = await until(ONE, ['sync', 'status'], 'Synced');
    expect(JSON.stringify(hook)).toContain('PostSync');
    await until(ONE, ['health', 'status'], 'Healthy');
    for (const [behaviour, health] of [
      ['degraded', 'Degraded'],
      ['suspended', 'Suspended'],
    ] as const) {
      await behave({ [behaviour]: true });
      await clusters.commit(FILE, `global: {otterizeCloud: {credentials: {clientId: ${health}}}}\n`);
      await refreshUntil(ONE, ['health', 'status'], health);
    }
    await behave({});
    await refreshUntil(ONE, ['health', 'status'], 'Healthy');
  });

  it('shows an error while Git is away and goes on when it is back', async () => {
    await clusters.control('gitlab').addFault({
      id: 'away',
      match: { path: '^/platform/' },
      times: 0,
      when: 'before',
      kind: 'status',
      status: 503,
    });
    const before = await head();
    const made = await clusters.commit('harbour-02/stg/extra.yaml', 'x: 1\n');
    await refreshUntil(ONE, ['conditions', '0', 'type'], 'ComparisonError');
    expect(await head()).toBe(before);
    await clusters.control('gitlab').removeFaults('away');
    const back = await until(ONE, ['sync', 'revision'], made);
    expect(at(back, 'status', 'conditions', 0)).toBeUndefined();
  });
});

describe('External Secrets Operator and the deployed stack', () => {
  const read = async (cluster: string) =>
    (await clusters.kube(cluster, 'GET', `${EXTERNAL_SECRETS}/otterize-cloud`)).body;
  const force = (cluster: string, token: string) =>
    clusters.kube(cluster, 'PATCH', `${EXTERNAL_SECRETS}/otterize-cloud`, {
      type: 'application/merge-patch+json',
      body: { metadata: { annotations: { 'external-secrets.io/force-sync': token } } },
    });
  const ready = (cluster: string, reason: string) =>
    vi.waitFor(async () => {
      const object = await read(cluster);
      expect(at(object, 'status', 'conditions', 0, 'reason')).toBe(reason);
      return object;
    }, WAIT);

  it('is in error while the secret is missing, takes force-sync at once, and then the stack connects', async () => {
    const cluster = clusters.world.clusters[0];
    if (cluster === undefined) throw new Error('the world has no cluster');
    const missing = await ready('harbour-01', 'SecretSyncedError');
    expect(at(missing, 'status', 'conditions', 0, 'message')).toContain('otterize-cloud-client-id');
    expect(at(missing, 'status', 'refreshTime')).toBeUndefined();

    const login = clusters.world.otterize.users[0];
    const otterize = async (method: string, path: string, body?: unknown, organisation?: string) => {
      const answer = await fetch(`${clusters.address('otterize')}/api/rest/v1beta${path}`, {
        method,
        headers: {
          authorization: `Bearer ${login?.token ?? ''}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(organisation === undefined ? {} : { 'x-otterize-organization': organisation }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const made: unknown = await answer.json();
      return made;
    };
    const organisation = String(
      at(await otterize('POST', '/organizations', { name: 'harbour-01-dev' }), 'id'),
    );
    const environment = await otterize('POST', '/environments', { name: 'dev', labels: [] }, organisation);
    const integration = await otterize(
      'POST',
      '/integrations/kubernetes',
      { name: 'harbour-01-dev', environmentId: at(environment, 'id') },
      organisation,
    );
    const clientId = String(at(integration, 'credentials', 'clientId'));
    const clientSecret = String(at(integration, 'credentials', 'clientSecret'));

    expect(await clusters.store(cluster.vault, 'otterize-cloud-client-id', clientId)).toBe(200);
    expect(await clusters.store(cluster.vault, 'otterize-cloud-client-secret', clientSecret)).toBe(200);
    expect((await force('harbour-01', 'first')).status).toBe(200);
    const synced = await ready('harbour-01', 'SecretSynced');
    expect(synced).toMatchObject({ status: { binding: { name: 'otterize-cloud' } } });
    const secret = await clusters.kube(
      'harbour-01',
      'GET',
      '/api/v1/namespaces/otterize-system/secrets/otterize-cloud',
      { token: clusters.admin },
    );
    expect(at(secret.body, 'data', 'clientId')).toBe(Buffer.from(clientId).toString('base64'));
    expect(at(await ready('harbour-02', 'SecretSyncedError'), 'status', 'refreshTime')).toBeUndefined();

    const connected = async () => {
      const shown = JSON.stringify(
        await otterize('GET', `/integrations/${String(at(integration, 'id'))}`, undefined, organisation),
      );
      return shown.includes('"CONNECTED"') && !shown.includes('NOT_INTEGRATED');
    };
    expect(await connected()).toBe(false);
    await clusters.commit(FILE, `global: {otterizeCloud: {credentials: {clientId: ${clientId}}}}\n`);
    await clusters.refresh(ONE);
    await vi.waitFor(async () => expect(await connected()).toBe(true), WAIT);
  });

  it('goes on after a restart on other ports', async () => {
    const before = await clusters.application(ONE);
    await clusters.restart();
    const after = await clusters.application(ONE);
    expect(at(after, 'metadata', 'uid')).toBe(at(before, 'metadata', 'uid'));
    const made = await clusters.commit('harbour-02/stg/extra.yaml', 'x: 2\n');
    await refreshUntil(TWO, ['operationState', 'syncResult', 'revision'], made);
    await until(TWO, ['health', 'status'], 'Healthy');
    expect(at(await ready('harbour-01', 'SecretSynced'), 'status', 'refreshTime')).toBeDefined();
  });

  it('points every cluster at a Vault when told to', async () => {
    await clusters.control('kubernetes').post('/vault', {
      server: 'http://127.0.0.1:1',
      token: 'test',
      mount: 'secret',
      path: 'clusters/{cluster}/{stage}',
    });
    const object = await ready('harbour-01', 'SecretSyncedError');
    expect(at(object, 'spec', 'data', 0, 'remoteRef')).toMatchObject({
      key: 'clusters/harbour-01/dev/otterize-cloud-client-id',
      property: 'value',
    });
    // what was synced before stays
    expect(at(object, 'status', 'refreshTime')).toBeDefined();
  });
});
