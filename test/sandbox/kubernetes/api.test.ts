import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from './at.js';
import { APPLICATIONS, ClustersUnderTest, EXTERNAL_SECRETS } from './cluster.js';

const ONE = `${APPLICATIONS}/harbour-01-dev-otterize`;
const MERGE = 'application/merge-patch+json';

let clusters: ClustersUnderTest;
beforeAll(async () => {
  clusters = await ClustersUnderTest.start();
});
afterAll(async () => {
  try {
    expect(await clusters.control('kubernetes').violations()).toEqual([]);
  } finally {
    await clusters.stop();
  }
});

describe('who may what', () => {
  it('answers with Status objects: 401, 403, 404', async () => {
    for (const token of ['', 'wrong', clusters.world.clusters[0]?.kubernetesToken ?? '?']) {
      expect(await clusters.kube('management', 'GET', ONE, { token })).toMatchObject({
        status: 401,
        body: { kind: 'Status', reason: 'Unauthorized', code: 401 },
      });
    }
    expect(await clusters.kube('management', 'DELETE', ONE)).toMatchObject({
      status: 403,
      body: { reason: 'Forbidden' },
    });
    const secrets = '/api/v1/namespaces/otterize-system/secrets';
    expect((await clusters.kube('harbour-01', 'GET', secrets)).status).toBe(403);
    expect((await clusters.kube('harbour-01', 'GET', `${secrets}/vault-credentials`)).status).toBe(403);
    expect((await clusters.kube('harbour-01', 'GET', secrets, { token: clusters.admin })).status).toBe(200);
    expect(await clusters.kube('management', 'GET', `${APPLICATIONS}/none`)).toMatchObject({
      status: 404,
      body: { reason: 'NotFound', message: 'applications.argoproj.io "none" not found' },
    });
    expect(
      (await clusters.kube('management', 'GET', '/apis/argoproj.io/v1alpha1/namespaces/argocd/none')).status,
    ).toBe(404);
    expect((await clusters.kube('nowhere', 'GET', ONE)).status).toBe(401);
  });

  it('tells version, health, kinds, and what one may do', async () => {
    expect(at((await clusters.kube('harbour-01', 'GET', '/version', { token: '' })).body, 'gitVersion')).toBe(
      'v1.37.1',
    );
    expect(await clusters.kube('harbour-01', 'GET', '/readyz', { token: '' })).toMatchObject({
      status: 200,
      body: 'ok',
    });
    expect((await clusters.kube('nowhere', 'GET', '/readyz')).status).toBe(404);
    const kinds = await clusters.kube('management', 'GET', '/apis/argoproj.io/v1alpha1');
    expect(JSON.stringify(kinds.body)).toContain('"kind":"Application"');
    expect((await clusters.kube('management', 'GET', '/apis', { token: '' })).status).toBe(401);
    const may = async (verb: string, resource: string) => {
      const review = await clusters.kube(
        'management',
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        { body: { spec: { resourceAttributes: { verb, resource, group: 'argoproj.io' } } } },
      );
      return at(review.body, 'status', 'allowed');
    };
    expect(await may('patch', 'applications')).toBe(true);
    expect(await may('delete', 'applications')).toBe(false);
    expect(await may('get', 'secrets')).toBe(false);
  });
});

describe('objects', () => {
  const admin = () => ({ token: clusters.admin });
  const PROJECTS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects';
  const project = (name: string, spec: unknown = { sourceRepos: ['*'] }) => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name },
    spec,
  });

  it('are listed, by label too', async () => {
    const all = await clusters.kube('management', 'GET', APPLICATIONS);
    // one for each cluster, and the shop's two
    expect(all.body).toMatchObject({ kind: 'ApplicationList', items: [{}, {}, {}, {}] });
    const some = await clusters.kube(
      'management',
      'GET',
      `${APPLICATIONS}?labelSelector=cluster%3Dharbour-02`,
    );
    expect(at(some.body, 'items', 0, 'metadata', 'name')).toBe('harbour-02-stg-otterize');
    expect(at(some.body, 'items', 1)).toBeUndefined();
    const namespaces = await clusters.kube('harbour-01', 'GET', '/api/v1/namespaces');
    expect(at(namespaces.body, 'items', 0, 'metadata', 'name')).toBe('otterize-system');
    const one = await clusters.kube('harbour-01', 'GET', '/api/v1/namespaces/otterize-system');
    expect(at(one.body, 'status', 'phase')).toBe('Active');
    expect((await clusters.kube('harbour-01', 'GET', '/api/v1/namespaces/none')).status).toBe(404);
  });

  it('are created once, checked against the vendor schema, and removed', async () => {
    const create = (body: unknown, query = '') =>
      clusters.kube('management', 'POST', `${PROJECTS}${query}`, { ...admin(), body });
    expect((await create(project('made'), '?dryRun=All')).status).toBe(201);
    expect((await create(project('made'))).status).toBe(201);
    expect(await create(project('made'))).toMatchObject({ status: 409, body: { reason: 'AlreadyExists' } });
    expect(await create(project('wrong', { sourceRepos: 'all' }))).toMatchObject({
      status: 422,
      body: { reason: 'Invalid' },
    });
    expect((await create(project('odd', { nonsense: 1 }), '?fieldValidation=Strict')).status).toBe(400);
    const dropped = await create(project('odd', { nonsense: 1, description: 'x' }));
    expect(dropped).toMatchObject({ status: 201, body: { spec: { description: 'x' } } });
    expect(at(dropped.body, 'spec', 'nonsense')).toBeUndefined();
    expect((await create({ ...project('x'), kind: 'Application' })).status).toBe(400);
    expect(
      await clusters.kube('management', 'POST', '/apis/argoproj.io/v1alpha1/namespaces/none/appprojects', {
        ...admin(),
        body: project('x'),
      }),
    ).toMatchObject({ status: 404, body: { message: 'namespaces "none" not found' } });
    expect((await clusters.kube('management', 'DELETE', `${PROJECTS}/odd`, admin())).body).toMatchObject({
      status: 'Success',
    });
    expect((await clusters.kube('management', 'DELETE', `${PROJECTS}/odd`, admin())).status).toBe(404);
  });

  it('are removed only as they were read, and not at all in a dry run', async () => {
    const path = `${PROJECTS}/to-go`;
    const made = await clusters.kube('management', 'POST', PROJECTS, { ...admin(), body: project('to-go') });
    const remove = (body: object, query = '') =>
      clusters.kube('management', 'DELETE', `${path}${query}`, { ...admin(), body });
    const version = at(made.body, 'metadata', 'resourceVersion');
    expect(await remove({ preconditions: { uid: 'another' } })).toMatchObject({
      status: 409,
      body: { reason: 'Conflict', message: expect.stringContaining('Precondition failed: uid') },
    });
    expect((await remove({ preconditions: { resourceVersion: '1' } })).status).toBe(409);
    expect((await remove({ dryRun: ['All'] })).status).toBe(200);
    expect((await remove({}, '?dryRun=All')).status).toBe(200);
    for (const [body, query] of [
      [{ dryRun: ['yes'] }, ''],
      [{}, '?dryRun=yes'],
    ] as const) {
      expect((await remove(body, query)).status).toBe(422);
    }
    expect((await clusters.kube('management', 'GET', path, admin())).status).toBe(200);
    expect((await remove({ preconditions: { resourceVersion: version } })).status).toBe(200);
    expect((await clusters.kube('management', 'GET', path, admin())).status).toBe(404);
  });

  it('are replaced only on the version that was read', async () => {
    const path = `${PROJECTS}/platform`;
    const read = (await clusters.kube('management', 'GET', path)).body;
    const put = (body: unknown) => clusters.kube('management', 'PUT', path, { ...admin(), body });
    const changed = { ...Object(read), spec: { ...Object(at(read, 'spec')), description: 'changed' } };
    const written = await put(changed);
    expect(written.status).toBe(200);
    expect(at(written.body, 'metadata', 'generation')).toBe(Number(at(read, 'metadata', 'generation')) + 1);
    expect(await put({ ...changed, spec: { description: 'late' } })).toMatchObject({
      status: 409,
      body: { reason: 'Conflict' },
    });
    expect((await put({ ...project('platform') })).status).toBe(422);
    expect((await clusters.kube('management', 'PUT', path, { body: changed })).status).toBe(403);
  });

  it('take merge patches, JSON patches and server-side apply, and refuse the rest as the vendor does', async () => {
    const patch = (type: string, body: unknown, query = '') =>
      clusters.kube('management', 'PATCH', `${PROJECTS}/platform${query}`, { ...admin(), body, type });
    expect((await patch(MERGE, { metadata: { labels: { a: 'b' } } })).body).toMatchObject({
      metadata: { labels: { a: 'b' } },
    });
    expect((await patch(MERGE, { metadata: { resourceVersion: '1' } })).status).toBe(409);
    expect((await patch(MERGE, { spec: { sourceRepos: 5 } })).status).toBe(422);
    expect((await patch('application/json-patch+json', { metadata: {} })).status).toBe(400);
    const steps = [{ op: 'replace', path: '/spec/description', value: 'patched' }];
    expect((await patch('application/json-patch+json', steps)).body).toMatchObject({
      spec: { description: 'patched' },
    });
    expect((await patch('application/strategic-merge-patch+json', {})).status).toBe(415);
    const apply = 'application/apply-patch+yaml';
    expect((await patch(apply, project('platform', { description: 'x' }))).status).toBe(400);
    const applied = await patch(
      apply,
      project('platform', { description: 'applied' }),
      '?fieldManager=gatehouse',
    );
    expect(applied.body).toMatchObject({ spec: { description: 'applied', sourceRepos: ['*'] } });
    const other = project('platform', { description: 'theirs' });
    expect((await patch(apply, other, '?fieldManager=other')).status).toBe(409);
    expect((await patch(apply, other, '?fieldManager=other&force=true')).status).toBe(200);
    expect(
      (await clusters.kube('management', 'PATCH', `${APPLICATIONS}/none`, { body: {}, type: MERGE })).status,
    ).toBe(404);
  });

  it('keep their status out of reach of a plain patch where it is a subresource', async () => {
    const path = `${EXTERNAL_SECRETS}/otterize-cloud`;
    const wish = {
      status: { conditions: [{ type: 'Ready', status: 'True' }], refreshTime: '2026-01-01T00:00:00Z' },
    };
    const plain = await clusters.kube('harbour-02', 'PATCH', path, { body: wish, type: MERGE });
    expect(plain.status).toBe(200);
    expect(at(plain.body, 'status', 'refreshTime')).toBeUndefined();
  });

  it('tell watchers of changes', async () => {
    const stop = new AbortController();
    const answer = await fetch(
      `${clusters.address('kubernetes')}/clusters/management${PROJECTS}?watch=true`,
      {
        headers: { authorization: `Bearer ${clusters.admin}` },
        signal: stop.signal,
      },
    );
    expect(answer.status).toBe(200);
    const reader = answer.body?.getReader();
    await clusters.kube('management', 'PATCH', `${PROJECTS}/platform`, {
      ...admin(),
      type: MERGE,
      body: { metadata: { labels: { watched: 'yes' } } },
    });
    const chunk = await reader?.read();
    const event: unknown = JSON.parse(
      Buffer.from(chunk?.value ?? [])
        .toString()
        .split('\n')[0] ?? '',
    );
    expect(event).toMatchObject({ type: 'MODIFIED', object: { metadata: { labels: { watched: 'yes' } } } });
    stop.abort();
  });
});
