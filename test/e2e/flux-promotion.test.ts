import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { microserviceFiles, overlayOf } from '../../sandbox/gitlab/fleet-files.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import { fleetService } from '../../sandbox/kubernetes/flux/fleet-objects.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { policyText } from '../../sandbox/stack/example-files.js';
import { FIRST_CHART, FluxFleet } from '../../sandbox/stack/flux-fleet.js';
import { fluxPathText, fluxPolicyText, mixedPathText } from '../../sandbox/stack/flux-promotion-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { helmBinary } from '../../sandbox/stack/helm-binary.js';
import { kustomizeBinary } from '../../sandbox/stack/kustomize-binary.js';
import { shopImage, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { sharedParts } from '../support/stack.js';

const PATIENCE_MS = 120_000;
const PROJECT = 'fleet/services';
const WAIT = { timeout: PATIENCE_MS, interval: 200 };

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Microservices through overlays, each environment delivered by Flux at work in its cluster. */
describe('promotions by Flux, from request to proof', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let fleet: FluxFleet;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 3,
      ...(await sharedParts('flux-promotion')),
      installation: {
        timing: 'brisk',
        stabilisationMs: 0,
        // what does not come up is given up after this
        waitAtMostMs: 40_000,
        programs: { kustomize: await kustomizeBinary(), helm: await helmBinary() },
        policy: [policyText(), fluxPolicyText()].join('---\n'),
        path: (world, _, addresses) => {
          const harbor = addresses.harbor ?? '';
          const charts = FluxFleet.chartsAt(harbor);
          const of = (service: string) => ({
            project: PROJECT,
            service,
            image: FluxFleet.imageOf(harbor, service),
          });
          return [
            fluxPathText(world, { ...of('basket'), charts }),
            fluxPathText(world, { ...of('cart'), charts, byOciRepository: true }),
            fluxPathText(world, { ...of('search'), production: { unpinned: 'refuse' } }),
            mixedPathText(world, { project: PROJECT, service: 'web', image: shopImage(harbor) }),
          ].join('---\n');
        },
      },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    fleet = new FluxFleet(stack);
    await fleet.start();
    await fleet.addService('basket', { chart: 'HelmRepository' });
    await fleet.addService('search', { chart: 'none' });
    await fleet.addService('cart', { chart: 'OCIRepository' });
  });

  afterAll(() => stack?.dispose());

  async function asked(to: string, service = 'basket'): Promise<string> {
    const requestId = await api.promote(shopPromotionText({ to }, service));
    const status = await api.until(requestId, isAskedOrOver, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('waiting');
    return requestId;
  }

  function settled(requestId: string): Promise<RequestStatus> {
    return api.until(
      requestId,
      (status) => status.endedAt !== undefined || status.status === 'attention',
      PATIENCE_MS,
    );
  }

  async function promoted(to: string, service = 'basket'): Promise<RequestStatus> {
    const requestId = await asked(to, service);
    await api.decide('ben', requestId, 'owner', 'approve');
    return await settled(requestId);
  }

  it('brings a build and a chart version from overlay to overlay', async () => {
    const build = await fleet.build('basket', 'a1b2c3d');
    await fleet.publishChart('1.1.0');
    await fleet.develop('basket', { build, chart: '1.1.0' });
    for (const environment of ['stg', 'prd']) {
      const before = await overlay(environment);
      const status = await promoted(environment);
      expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
      const after = await overlay(environment);
      expect(changedLines(before, after)).toEqual([
        [`    newTag: ${environment}-0000001`, `    newTag: ${environment}-a1b2c3d`],
        [`      version: ${FIRST_CHART}`, '      version: 1.1.0'],
      ]);
    }
  });

  it('names what has been made: the same image under the tag of each environment, and what its chart changes', async () => {
    const digests = await Promise.all(
      ['dev-a1b2c3d', 'stg-a1b2c3d', 'prd-a1b2c3d'].map((tag) => fleet.digestOf('basket', tag)),
    );
    expect(new Set(digests).size).toBe(1);
    expect(digests[0]).toMatch(/^sha256:/);
    for (const environment of ['stg', 'prd'] as const) {
      const pods = JSON.stringify(
        await fleet.kube(fleet.clusterOf(environment), 'GET', '/api/v1/namespaces/basket/pods'),
      );
      expect(pods).toContain(digests[0]);
      expect(pods).toContain(`${fleet.imageOf('cache')}:1.1.0`);
    }
  });

  it('shows the approver what another version of the chart changes in the cluster', async (context) => {
    if ((await helmBinary()) === undefined) context.skip('Helm is built by npm run test:real');
    await fleet.publishChart('1.1.1');
    await fleet.develop('basket', { chart: '1.1.1' });
    const requestId = await asked('stg');
    const gate = JSON.stringify(await api.call('ben', 'GET', `/v1/requests/${requestId}/gates/owner`));
    expect(gate).toContain(`image: ${fleet.imageOf('cache')}:1.1.0`);
    expect(gate).toContain(`image: ${fleet.imageOf('cache')}:1.1.1`);
    await api.decide('ben', requestId, 'owner', 'reject');
    await settled(requestId);
  });

  it('brings a chart that an OCIRepository names', async () => {
    await fleet.publishChart('1.1.2');
    await fleet.develop('cart', { chart: '1.1.2' });
    const status = await promoted('stg', 'cart');
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    const at = `${overlayOf('stg', 'cart')}/release.yaml`;
    expect(await fleet.file(at)).toContain('tag: 1.1.2');
    const release = await fleet.object(fleet.clusterOf('stg'), 'helmreleases', 'cart', 'cache');
    expect(JSON.stringify(release)).toMatch(/"chartVersion":"1\.1\.2\+[0-9a-f]{12}"/);
  });

  it('does not let a release skip an environment', async () => {
    const build = await fleet.build('basket', 'b2c3d4e', ['dev-b2c3d4e', 'stg-b2c3d4e']);
    await fleet.develop('basket', { build });
    const before = await overlay('prd');
    const images = { [fleet.imageOf('basket')]: 'stg-b2c3d4e' };
    const refused = await refusal('prd', 'basket', { release: { images } });
    expect(refused).toMatch(/was not verified in stg.*Promote it to stg first/s);
    expect(await overlay('prd')).toEqual(before);
  });

  it('a chart that is not in the registry yet is found before anything is proposed', async () => {
    await fleet.develop('basket', { chart: '1.2.0' });
    expect(await refusal('stg')).toMatch(/chart cache 1\.2\.0 is not in oci:.*Wait until it is published/s);
    await fleet.publishChart('1.2.0');
  });

  it('a chart that the cluster cannot pull yet is waited for, and never counts as deployed', async () => {
    const requestId = await asked('stg');
    await flux({ down: ['source'] });
    await api.decide('ben', requestId, 'owner', 'approve');
    await vi.waitFor(async () => expect((await overlay('stg')).join()).toContain('version: 1.2.0'), WAIT);
    const match = { path: '^/v2/charts/cache/manifests/' };
    await fleet.harbor.addFault({ id: 'late', match, times: 0, when: 'before', kind: 'status', status: 404 });
    await flux({});
    await vi.waitFor(async () => {
      const release = await fleet.object(fleet.clusterOf('stg'), 'helmreleases', 'basket', 'cache');
      expect(JSON.stringify(release)).toMatch(/SourceNotReady/);
    }, WAIT);
    const waiting = await api.status(requestId);
    expect([waiting.endedAt, waiting.status]).toEqual([undefined, 'running']);
    await fleet.harbor.removeFaults('late');
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    const pods = await fleet.kube(fleet.clusterOf('stg'), 'GET', '/api/v1/namespaces/basket/pods');
    expect(JSON.stringify(pods)).toContain(`${fleet.imageOf('cache')}:1.2.0`);
  });

  it('a controller that is down is waited for', async () => {
    const requestId = await asked('prd');
    await flux({ down: ['kustomize'] });
    await api.decide('ben', requestId, 'owner', 'approve');
    await vi.waitFor(async () => expect((await overlay('prd')).join()).toContain('version: 1.2.0'), WAIT);
    expect((await api.status(requestId)).status).toBe('running');
    await flux({});
    expect((await settled(requestId)).status).toBe('done');
  });

  it('a suspended Kustomization stops the change before it is merged', async () => {
    const build = await fleet.build('search', 'c3d4e5f');
    await fleet.develop('search', { build });
    const requestId = await asked('stg', 'search');
    const suspend = (value: boolean) =>
      fleet.change(fleet.clusterOf('stg'), 'kustomizations', ['search', 'search'], {
        spec: { suspend: value },
      });
    await suspend(true);
    await api.decide('ben', requestId, 'owner', 'approve');
    const stopped = await settled(requestId);
    expect(stopped.status).toBe('attention');
    expect(JSON.stringify(stopped)).toMatch(/kustomization search\/search.*suspended.*flux resume/s);
    expect(await fleet.file(`${overlayOf('stg', 'search')}/kustomization.yaml`)).toContain('stg-0000001');
    await suspend(false);
    await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, {});
    const status = await api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
  });

  it('a shared base is told of, and where the path says so it is refused', async () => {
    expect(await refusal('prd', 'search')).toMatch(/base\/search, which other environments share/);
    await fleet.develop('basket', { build: await fleet.build('basket', 'd4e5f6a') });
    const requestId = await asked('stg');
    const gate = JSON.stringify(await api.call('ben', 'GET', `/v1/requests/${requestId}/gates/owner`));
    expect(gate).toContain('base/basket, which other environments share');
    // somebody changes it meanwhile: what would be merged renders to something else than what was agreed to
    await fleet.edit('base/basket/deployment.yaml', /replicas: 2/, 'replicas: 3', 'somebody-else');
    await api.decide('ben', requestId, 'owner', 'approve');
    const again = await api.until(
      requestId,
      (status) => status.epoch === 2 && isAskedOrOver(status),
      PATIENCE_MS,
    );
    expect(again.status).toBe('waiting');
    await api.decide('ben', requestId, 'owner', 'approve');
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
  });

  it('takes back a version that does not come up, and proves that the one before runs', async () => {
    const build = await fleet.build('basket', 'e5f6a7b');
    await fleet.develop('basket', { build });
    const before = await overlay('stg');
    const requestId = await asked('stg');
    await flux({ crashing: [`${fleet.imageOf('basket')}:stg-e5f6a7b`] });
    await api.decide('ben', requestId, 'owner', 'approve');
    const stuck = await settled(requestId);
    expect(stuck.status).toBe('attention');
    expect(JSON.stringify(stuck)).toContain('progress');
    // the file is not ours, only its values are: what others write beside them stays
    const beside = '# shared by two teams';
    await fleet.edit(`${overlayOf('stg', 'basket')}/kustomization.yaml`, /^/, `${beside}\n`);
    await api.call('olga', 'POST', `/v1/requests/${requestId}/rollback`);
    const status = await api.until(requestId, (now) => now.endedAt !== undefined, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('rolled-back');
    expect(await overlay('stg')).toEqual([beside, ...before]);
    expect(JSON.stringify(await api.call('olga', 'GET', '/v1/holds'))).toContain('"environment":"stg"');
    await flux({});
  });

  it('an unknown service or environment is refused when it is asked for', async () => {
    await expect(api.promote(shopPromotionText({ to: 'stg' }, 'baskett'))).rejects.toThrow(/baskett/);
    await expect(api.promote(shopPromotionText({ to: 'stage' }, 'basket'))).rejects.toThrow(/stage.*stg/s);
  });

  it('an unknown tag is refused with its name', async () => {
    const images = { [fleet.imageOf('search')]: 'dev-nothing' };
    const refused = await refusal('stg', 'search', { release: { images } });
    expect(refused).toMatch(/search:dev-nothing is not in the registry.*Push it first/s);
  });

  it('a tag of the environment that stands on another digest is refused, and not moved', async () => {
    const other = await fleet.build('search', 'another one', ['stg-0f0f0f0']);
    await fleet.develop('search', { build: await fleet.build('search', '0f0f0f0') });
    const refused = await refusal('stg', 'search');
    expect(refused).toContain(`search:stg-0f0f0f0 stands on ${other.digest}`);
    expect(await fleet.digestOf('search', 'stg-0f0f0f0')).toBe(other.digest);
  });

  it('a tag that is moved after the approval does not change what is released', async () => {
    const build = await fleet.build('search', '1f1f1f1');
    await fleet.develop('search', { build });
    const requestId = await asked('stg', 'search');
    await fleet.build('search', 'something else', ['dev-1f1f1f1']);
    await api.decide('ben', requestId, 'owner', 'approve');
    const status = await settled(requestId);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    expect(await fleet.digestOf('search', 'stg-1f1f1f1')).toBe(build.digest);
  });

  it('an overlay without the file, or with two places to change, is refused and left as it is', async () => {
    await fleet.develop('search', { build: await fleet.build('search', '2f2f2f2') });
    const file = `${overlayOf('stg', 'search')}/kustomization.yaml`;
    const text = await fleet.file(file);
    const image = fleet.imageOf('search');
    const twice = `${text}  - {name: ${image}, newTag: stg-1f1f1f1}\n`;
    await fleet.commit(file, twice);
    expect(await refusal('stg', 'search')).toContain(file);
    expect(await fleet.file(file)).toBe(twice);
    await fleet.commit(file, null);
    expect(await refusal('stg', 'search')).toContain(overlayOf('stg', 'search'));
    await fleet.commit(file, text);
  });

  it('Argo CD and Flux in one promotion: what fails in the first place does not reach the second', async () => {
    const image = shopImage(stack.address('harbor'));
    const files = microserviceFiles({ service: 'web', image, tags: { prd: '1.0.0' } });
    for (const [path, content] of Object.entries(files)) await fleet.commit(path, content);
    const production = fleet.clusterOf('prd');
    await fleet.reconcile(production, 'gitrepositories', 'flux-system', 'fleet');
    await fleet.create(fleetService(production, { environment: 'prd', service: 'web' }));
    const released = `${image}@${exampleImage('shop/web', '1.1.0').content.top.digest}`;
    const deployment = 'yaml/deployment.yaml';
    await fleet.gitlab.post('/commit', {
      project: 'shop-dev/ops',
      path: deployment,
      content: shopFiles({ image: released })[deployment],
      author: 'ada',
      as: 'ada',
    });
    const requestId = await asked('prd', 'web');
    await fleet.kubernetes.settings({ applications: { 'shop-prod': { degraded: true } } });
    await api.decide('ben', requestId, 'owner', 'approve');
    const stuck = await settled(requestId);
    expect(stuck.status).toBe('attention');
    const overlayFile = `${overlayOf('prd', 'web')}/kustomization.yaml`;
    expect(await fleet.file(overlayFile)).toContain('newTag: 1.0.0');
    await fleet.kubernetes.settings({ applications: {} });
    await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, {});
    const status = await api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
    expect(await fleet.file(overlayFile)).toContain(released.split('@')[1]);
    const pods = await fleet.kube(production, 'GET', '/api/v1/namespaces/web/pods');
    expect(JSON.stringify(pods)).toContain(released);
  });

  async function refusal(to: string, service = 'basket', spec: object = {}): Promise<string> {
    const requestId = await api.promote(shopPromotionText({ to, ...spec }, service));
    const status = await api.until(requestId, isAskedOrOver, PATIENCE_MS);
    expect(['waiting', 'done', 'running']).not.toContain(status.status);
    return JSON.stringify(status, null, 1);
  }

  function flux(change: object): Promise<void> {
    return fleet.kubernetes.settings({
      flux: { running: true, down: [], retryMs: 250, crashing: [], ...change },
    });
  }

  function isAskedOrOver(status: RequestStatus): boolean {
    return (
      status.endedAt !== undefined ||
      status.status === 'attention' ||
      (status.gates.length > 0 && status.gates.every((gate) => gate.state === 'open'))
    );
  }

  async function overlay(environment: string): Promise<readonly string[]> {
    const at = overlayOf(environment, 'basket');
    const texts = [await fleet.file(`${at}/kustomization.yaml`), await fleet.file(`${at}/release.yaml`)];
    return texts.flatMap((text) => text.split('\n'));
  }
});

/** Pairs of lines that differ; the files must have as many lines as before. */
function changedLines(before: readonly string[], after: readonly string[]): readonly (readonly string[])[] {
  expect(after).toHaveLength(before.length);
  return before.flatMap((line, index) => {
    const now = after[index] ?? '';
    return now === line ? [] : [[line, now]];
  });
}
