import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { GitlabStandIn } from '../../../sandbox/gitlab/gitlab.js';
import { fleetServicesFiles, imageOf, shopFiles } from '../../../sandbox/gitlab/promotion-files.js';
import { createGitlab, gitlabSeed } from '../../../sandbox/gitlab/stand-in.js';
import { makeWorld } from '../../../sandbox/world.js';
import { at, text } from './rest.js';

const world = makeWorld({ clusters: 1 });
let folder: string;
let standIn: GitlabStandIn;
let control: ControlClient;
let origin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gitlab-world-'));
  const seed = gitlabSeed(world);
  const [bot, ...others] = seed.accounts;
  if (bot === undefined) throw new Error('the world has no account');
  standIn = await createGitlab({ folder, seed: { ...seed, accounts: [{ ...bot, admin: true }, ...others] } });
  origin = await standIn.listen(0);
  control = new ControlClient(origin);
});

afterAll(async () => {
  try {
    expect(await control.violations()).toEqual([]);
  } finally {
    await standIn.close();
    await rm(folder, { recursive: true, force: true });
  }
});

async function call(
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${origin}/api/v4${path}`, {
    method,
    headers: { 'private-token': token, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = await answer.text();
  return { status: answer.status, body: said === '' ? null : JSON.parse(said) };
}

async function file(project: string, path: string): Promise<unknown> {
  const answer = await fetch(
    `${origin}/api/v4/projects/${encodeURIComponent(project)}/repository/files/${encodeURIComponent(path)}/raw?ref=main`,
    { headers: { 'private-token': world.gitlab.token } },
  );
  return parse(await answer.text());
}

describe('the example projects of a promotion', () => {
  it('have one image by digest in development, and an older one in production', async () => {
    const images: string[] = [];
    for (const project of ['shop-dev/ops', 'shop-prod/ops']) {
      const deployment = await file(project, 'yaml/deployment.yaml');
      expect(deployment).toMatchObject({ kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } });
      images.push(text(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image'));
      expect(await file(project, 'yaml/service.yaml')).toMatchObject({ kind: 'Service' });
      expect(await file(project, 'yaml/configmap.yaml')).toMatchObject({ kind: 'ConfigMap' });
    }
    expect(images).toEqual([imageOf('1.1.0'), imageOf('1.0.0')]);
    for (const image of images)
      expect(image).toMatch(/^registry\.example\.com\/shop\/web@sha256:[0-9a-f]{64}$/);
  });

  it('have an overlay with tag and chart version for each environment of the fleet', async () => {
    expect(await file('fleet/services', 'base/shop/kustomization.yaml')).toMatchObject({
      resources: ['deployment.yaml', 'release.yaml'],
    });
    for (const environment of ['sbx', 'dev', 'stg', 'prd']) {
      const overlay = `overlays/${environment}/shop`;
      const kustomization = await file('fleet/services', `${overlay}/kustomization.yaml`);
      expect(text(kustomization, 'images', 0, 'newTag')).toMatch(new RegExp(`^${environment}-[0-9a-f]{7}$`));
      const release = await file('fleet/services', `${overlay}/release.yaml`);
      expect(text(release, 'spec', 'chart', 'spec', 'version')).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('are made of what one asks for', () => {
    const files = shopFiles({
      image: 'r.example.com/a@sha256:0',
      namespace: 'cafe',
      name: 'api',
      folder: 'k8s',
    });
    expect(Object.keys(files)).toEqual([
      'README.md',
      'k8s/deployment.yaml',
      'k8s/service.yaml',
      'k8s/configmap.yaml',
    ]);
    expect(parse(files['k8s/deployment.yaml'] ?? '')).toMatchObject({
      metadata: { name: 'api', namespace: 'cafe' },
      spec: { template: { spec: { containers: [{ name: 'api', image: 'r.example.com/a@sha256:0' }] } } },
    });
    // an anchor would make a change in one place appear in another
    for (const content of Object.values(files)) expect(content).not.toMatch(/[&*][a-z]\d/);
    const fleet = fleetServicesFiles({
      environments: { prd: { tag: 'prd-1', chartVersion: '2.0.0' } },
      service: 'cafe',
      image: 'r.example.com/cafe',
      chart: 'cafe-db',
    });
    expect(parse(fleet['overlays/prd/cafe/kustomization.yaml'] ?? '')).toMatchObject({
      namespace: 'cafe',
      resources: ['../../../base/cafe'],
      images: [{ name: 'r.example.com/cafe', newTag: 'prd-1' }],
    });
  });
});

describe('people at GitLab', () => {
  it('are those of the world; their identities are for administrators', async () => {
    const token = text(JSON.parse(await control.post('/token', { username: 'ada' })), 'token');
    const { body } = await call(token, 'GET', '/user');
    const path = `/users/${String(at(body, 'id'))}`;
    const seen = await call(token, 'GET', path);
    expect(seen.body).toMatchObject({ username: 'ada', public_email: 'ada@example.com' });
    expect(seen.body).not.toHaveProperty('identities');
    const ada = world.people.find(({ key }) => key === 'ada');
    expect((await call(world.gitlab.token, 'GET', path)).body).toMatchObject({
      email: 'ada@example.com',
      identities: [{ provider: 'openid_connect', extern_uid: ada?.id }],
    });
    expect((await call(token, 'GET', '/users/9999')).status).toBe(404);
    await expect(control.post('/token', { username: 'nobody' })).rejects.toThrow();
  });

  it('may propose for production, and only Gatehouse may merge or push there', async () => {
    const token = text(JSON.parse(await control.post('/token', { username: 'ben' })), 'token');
    const project = '/projects/shop-prod%2Fops';
    const commit = (branch: string, by: string) =>
      call(by, 'POST', `${project}/repository/commits`, {
        branch,
        ...(branch === 'main' ? {} : { start_branch: 'main' }),
        commit_message: 'x',
        actions: [{ action: 'create', file_path: `${branch}.txt`, content: 'x' }],
      });
    for (const by of [token, world.gitlab.token, world.gitlab.otherToken]) {
      expect((await commit('main', by)).status).toBe(403);
    }
    expect((await commit('ben', token)).status).toBe(201);
    const made = await call(token, 'POST', `${project}/merge_requests`, {
      source_branch: 'ben',
      target_branch: 'main',
      title: 'x',
    });
    const one = `${project}/merge_requests/${String(at(made.body, 'iid'))}`;
    await call(token, 'GET', one);
    expect((await call(token, 'PUT', `${one}/merge`, {})).status).toBe(401);
    expect((await call(world.gitlab.token, 'PUT', `${one}/merge`, {})).status).toBe(200);
  });

  it('write freeze periods as maintainers, and take them back', async () => {
    const path = '/projects/shop-dev%2Fops/freeze_periods';
    const period = { freeze_start: '0 23 * * 5', freeze_end: '0 8 * * 1' };
    const ben = text(JSON.parse(await control.post('/token', { username: 'ben' })), 'token');
    expect((await call(ben, 'POST', path, period)).status).toBe(403);
    expect((await call(world.gitlab.token, 'POST', path, { ...period, freeze_end: 'Monday' })).status).toBe(
      400,
    );
    const made = await call(world.gitlab.token, 'POST', path, period);
    expect(made).toMatchObject({ status: 201, body: { ...period, cron_timezone: 'UTC' } });
    expect((await call(ben, 'GET', path)).body).toMatchObject([period]);
    const one = `${path}/${String(at(made.body, 'id'))}`;
    expect((await call(world.gitlab.token, 'DELETE', one)).status).toBe(204);
    expect((await call(world.gitlab.token, 'DELETE', one)).status).toBe(404);
  });
});
