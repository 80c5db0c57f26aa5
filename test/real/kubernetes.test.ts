/**
 * Our client of Kubernetes in front of the real API server, and again in front of the stand-in: what the one answers, the
 * other must. And the pods that are only said to run.
 */
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { PIPELINE_RIGHTS } from '../../sandbox/kubernetes/example-objects.js';
import { isLoose, type Loose } from '../../sandbox/kubernetes/objects.js';
import type { KubeClient } from '../../sandbox/real/kube-client.js';
import { SystemError } from '../../src/domain/failure.js';
import { KubernetesClient, type ObjectRef } from '../../src/systems/kubernetes/client.js';
import { KubernetesConnection } from '../../src/systems/kubernetes/connection.js';
import { Secret } from '../../src/systems/secret.js';
import { uniqueName } from '../support/stack.js';
import { type StandIns, startStandIns } from '../systems/stand-ins.js';
import { inside } from './argocd-world.js';
import { realCluster } from './real-cluster.js';
import { digest, IMAGE, web } from './shop.js';

/** An API server with a namespace and two accounts in it. */
interface ServerUnderTest {
  readonly server: string;
  readonly ca: string | undefined;
  readonly namespace: string;
  readonly adminToken: string;
  /** of somebody who may only read what a pipeline may */
  readonly readerToken: string;
  create(path: string, object: Loose): Promise<void>;
}

let standIns: StandIns | undefined;
let real: Promise<{ readonly client: KubeClient; readonly server: ServerUnderTest }> | undefined;
afterAll(async () => {
  await standIns?.close();
  const opened = await real?.catch(() => undefined);
  if (opened === undefined) return;
  await opened.client.remove(namespaceOf(opened.server.namespace));
  opened.client.close();
});

const namespaceOf = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

async function standIn(): Promise<ServerUnderTest> {
  standIns ??= await startStandIns('kubernetes');
  const server = `${standIns.origin('kubernetes')}/clusters/management`;
  const adminToken = standIns.addresses.kubernetesAdminToken ?? '';
  const namespace = uniqueName('contract');
  const create = async (path: string, object: Loose): Promise<void> => {
    const answer = await fetch(`${server}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(object),
    });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  };
  await create('/api/v1/namespaces', namespaceOf(namespace));
  const readerToken = standIns.addresses.kubernetesPipelineToken ?? '';
  return { server, ca: undefined, namespace, adminToken, readerToken, create };
}

async function realServer(context: TestContext): Promise<ServerUnderTest> {
  real ??= (async () => {
    const client = await realCluster(context);
    const namespace = uniqueName('contract');
    const rbac = 'rbac.authorization.k8s.io';
    const metadata = { name: 'reader', namespace };
    await client.apply(
      namespaceOf(namespace),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'Role',
        metadata,
        rules: Object.entries(PIPELINE_RIGHTS).map(([resource, verbs]) => ({
          apiGroups: ['*'],
          resources: [resource],
          verbs,
        })),
      },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: rbac, kind: 'Role', name: 'reader' },
        subjects: [{ kind: 'ServiceAccount', ...metadata }],
      },
    );
    const create = async (path: string, object: Loose): Promise<void> => {
      const { status, body } = await client.call('POST', path, object);
      if (status >= 300) throw new Error(`POST ${path}: ${status} ${String(body.message)}`);
    };
    const { server, ca, token } = client.access;
    const readerToken = await client.tokenOf(namespace, 'reader');
    return { client, server: { server, ca, namespace, adminToken: token, readerToken, create } };
  })();
  return (await real).server;
}

function clientOf({ server, ca }: ServerUnderTest, token: string): KubernetesClient {
  const connection = new KubernetesConnection({
    server,
    token: async () => new Secret(token),
    ...(ca === undefined ? {} : { ca }),
  });
  return new KubernetesClient({ system: 'kubernetes', connection });
}

/** A Kustomization that no controller will look at: it is suspended. */
async function kustomization(
  under: ServerUnderTest,
  labels: Readonly<Record<string, string>> = {},
): Promise<ObjectRef> {
  const name = uniqueName('shop');
  const { namespace } = under;
  const group = 'kustomize.toolkit.fluxcd.io';
  await under.create(`/apis/${group}/v1/namespaces/${namespace}/kustomizations`, {
    apiVersion: `${group}/v1`,
    kind: 'Kustomization',
    metadata: { name, namespace, labels },
    spec: {
      suspend: true,
      interval: '1h',
      prune: true,
      path: './shop',
      sourceRef: { kind: 'GitRepository', name: 'none' },
    },
  });
  return { group, version: 'v1', plural: 'kustomizations', namespace, name };
}

async function troubleIn(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    if (error instanceof SystemError) return error.trouble;
    throw error;
  }
  throw new Error('The call was expected to be refused.');
}

describe.each<[string, (context: TestContext) => Promise<ServerUnderTest>]>([
  ['the stand-in', standIn],
  ['the real API server', realServer],
])('%s', (_, prepare) => {
  it('answers with the object and its clock, in whole seconds', async (context) => {
    const under = await prepare(context);
    const ref = await kustomization(under);
    const { object, serverTime } = await clientOf(under, under.readerToken).read(ref);
    expect(inside(object, 'spec', 'path')).toBe('./shop');
    expect(inside(object, 'metadata', 'generation')).toBe(1);
    expect(Math.abs(Date.parse(serverTime ?? '') - Date.now())).toBeLessThan(60_000);
    expect(Date.parse(serverTime ?? '') % 1_000).toBe(0);
  });

  it('tells an object that is not there from a kind that is not there', async (context) => {
    const under = await prepare(context);
    const client = clientOf(under, under.adminToken);
    const ref = await kustomization(under);
    expect(await client.get({ ...ref, name: 'none' })).toBeNull();
    expect(await client.get({ ...ref, namespace: 'none' })).toBeNull();
    expect(await troubleIn(client.get({ ...ref, plural: 'gadgets' }))).toMatchObject({ kind: 'not-found' });
    expect(await troubleIn(client.get({ ...ref, version: 'v99' }))).toMatchObject({ kind: 'not-found' });
  });

  it('changes the fields of a merge patch, removes those that are null and leaves the others', async (context) => {
    const under = await prepare(context);
    const client = clientOf(under, under.adminToken);
    const ref = await kustomization(under, { team: 'shop' });
    await client.mergePatch(ref, { metadata: { annotations: { 'example.com/asked': 'once' } } });
    const { object } = await client.mergePatch(ref, {
      metadata: { annotations: { 'example.com/asked': null, 'example.com/again': 'twice' } },
      spec: { path: './other' },
    });
    expect(inside(object, 'metadata', 'annotations')).toEqual({ 'example.com/again': 'twice' });
    expect(inside(object, 'metadata', 'labels')).toEqual({ team: 'shop' });
    expect(inside(object, 'spec')).toMatchObject({ path: './other', suspend: true });
    // annotations are no part of what is wanted
    expect(inside(object, 'metadata', 'generation')).toBe(2);
  });

  it('refuses to patch what is not there, and values of another type', async (context) => {
    const under = await prepare(context);
    const client = clientOf(under, under.adminToken);
    const ref = await kustomization(under);
    const missing = await troubleIn(client.mergePatch({ ...ref, name: 'none' }, { spec: { path: './a' } }));
    expect(missing).toMatchObject({ kind: 'not-found', status: 404 });
    const wrong = await troubleIn(client.mergePatch(ref, { spec: { suspend: 'yes' } }));
    expect(wrong).toMatchObject({ kind: 'invalid', status: 422 });
    expect(JSON.stringify(wrong)).toContain('spec.suspend');
  });

  it('drops a field that the definition does not have, without a word', async (context) => {
    const under = await prepare(context);
    const ref = await kustomization(under);
    const { object } = await clientOf(under, under.adminToken).mergePatch(ref, { spec: { flavour: 'mild' } });
    expect(inside(object, 'spec', 'flavour')).toBeUndefined();
  });

  it('names account, verb and kind when a right is missing, and an unknown token', async (context) => {
    const under = await prepare(context);
    const ref = await kustomization(under);
    const patch = { metadata: { labels: { team: 'shop' } } };
    const refused = await troubleIn(clientOf(under, under.readerToken).mergePatch(ref, patch));
    expect(refused).toMatchObject({ kind: 'forbidden', status: 403 });
    expect(JSON.stringify(refused)).toMatch(/cannot patch resource \\"kustomizations\\"/);
    const unknown = await troubleIn(clientOf(under, 'wrong').get(ref));
    expect(unknown).toMatchObject({ kind: 'unauthenticated', status: 401 });
  });

  it('lists by labels', async (context) => {
    const under = await prepare(context);
    const team = uniqueName('team');
    const names = [await kustomization(under, { team }), await kustomization(under, { team })].map(
      ({ name }) => name,
    );
    await kustomization(under, { team: 'other' });
    const { group, version, plural } = await kustomization(under);
    const kind = { group, version, plural, namespace: under.namespace };
    const { objects } = await clientOf(under, under.adminToken).list(kind, `team=${team}`);
    expect(objects.map((object) => inside(object, 'metadata', 'name')).sort()).toEqual([...names].sort());
  });
});

describe('pods that are only said to run', () => {
  it('have the digest that was pulled, by which our client tells what runs', async (context) => {
    const under = await realServer(context);
    const manifest: unknown = parse(web({ version: `@${digest('7')}` }));
    if (!isLoose(manifest)) throw new Error('The manifest is no object.');
    await under.create(`/apis/apps/v1/namespaces/${under.namespace}/deployments`, manifest);
    const client = clientOf(under, under.readerToken);
    await expect
      .poll(() => client.pods(under.namespace, 'app=web'))
      .toMatchObject([
        {
          ends: false,
          owner: { kind: 'ReplicaSet', name: expect.stringMatching(/^web-[a-z0-9]+$/) },
          templateHash: expect.stringMatching(/^[a-z0-9]+$/),
          containers: [{ name: 'web', imageID: `${IMAGE}@${digest('7')}` }],
        },
      ]);
    const [pod] = await client.pods(under.namespace, 'app in (web),!absent');
    expect(pod?.owner?.name).toBe(`web-${pod?.templateHash}`);
  });
});
