import { describe, expect, it } from 'vitest';
import { runningImages } from '../../src/delivery/running-images.js';
import type { WatchedClusters } from '../../src/delivery/shared-clusters.js';
import type { Delivery } from '../../src/domain/promotion/path.js';
import { applicationFrom } from '../../src/systems/argocd/application.js';
import type { RunningPod } from '../../src/systems/kubernetes/client.js';
import { NAMESPACE, PlayedFlux } from './played-flux.js';

const WEB = 'registry.example.com/shop/web';
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const KUSTOMIZATION: Delivery = {
  kind: 'flux',
  name: 'eu',
  cluster: 'harbour-01',
  connection: 'harbour-01',
  namespace: NAMESPACE,
  kustomization: 'shop',
  workloads: [],
  helmReleases: [],
};

function podOf(name: string, imageDigest: string, change: Partial<RunningPod> = {}): RunningPod {
  return {
    name: `${name}-1`,
    ends: false,
    phase: 'Running',
    owner: { kind: 'ReplicaSet', name: `${name}-5f7b`, uid: '1' },
    templateHash: '5f7b',
    containers: [{ name: 'main', image: `${WEB}:1.5.0`, imageID: `${WEB}@${imageDigest}` }],
    ...change,
  };
}

describe('runningImages', () => {
  it('says what pods have pulled for a tag, whatever the tag means by now, and what is left of before', async () => {
    const flux = new PlayedFlux();
    flux.rolledOut('web', `${WEB}:1.5.0`);
    flux.pods.push(podOf('web', digest('5')), podOf('web', digest('4'), { phase: 'Failed' }));
    const workloads = [{ kind: 'Deployment', namespace: 'shop', name: 'web' } as const];
    const found = await runningImages({ deliveries: [{ ...KUSTOMIZATION, workloads }] }, flux);
    expect(found).toEqual([
      {
        cluster: 'harbour-01',
        workload: 'Deployment shop/web',
        container: 'main',
        asked: `${WEB}:1.5.0`,
        digests: [digest('5')],
      },
    ]);
    flux.pods.push(podOf('web', digest('6')));
    const [rolling] = await runningImages({ deliveries: [{ ...KUSTOMIZATION, workloads }] }, flux);
    expect(rolling?.digests).toEqual([digest('5'), digest('6')]);
  });

  it('takes the digest that the spec names, and asks for no pods then', async () => {
    const flux = new PlayedFlux();
    flux.rolledOut('web', `${WEB}:1.5.0@${digest('5')}`);
    flux.pods.push(podOf('web', digest('6')));
    const workloads = [{ kind: 'Deployment', namespace: 'shop', name: 'web' } as const];
    const found = await runningImages({ deliveries: [{ ...KUSTOMIZATION, workloads }] }, flux);
    expect(found).toMatchObject([{ digests: [digest('5')] }]);
  });

  it('finds the workloads that Flux has applied, where the path names none', async () => {
    const flux = new PlayedFlux();
    flux.applied('a'.repeat(40), ['shop_web_apps_Deployment', 'shop_settings__ConfigMap']);
    flux.rolledOut('web', `${WEB}:1.5.0`);
    flux.pods.push(podOf('web', digest('5')));
    expect(await runningImages({ deliveries: [KUSTOMIZATION] }, flux)).toMatchObject([
      { workload: 'Deployment shop/web', digests: [digest('5')] },
    ]);
  });

  it('finds the workloads that Argo CD manages, and says of one without pods that nothing runs', async () => {
    const flux = new PlayedFlux();
    flux.rolledOut('web', `${WEB}:1.5.0`);
    const resources = [
      { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
      { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'hook', hook: true },
      { group: 'batch', kind: 'CronJob', namespace: 'shop', name: 'nightly' },
    ];
    const application = applicationFrom(
      { metadata: { name: 'shop' }, spec: {}, status: { resources } },
      { system: 'argocd', operation: 'get', object: 'argocd/shop' },
    );
    const not = () => Promise.reject(new Error('it is only read'));
    const clusters: WatchedClusters = {
      fluxOf: () => flux.fluxOf(),
      workloadsOf: () => flux.workloadsOf(),
      applicationsOf: () => ({
        read: async () => application,
        reading: not,
        matching: not,
        project: not,
        requestRefresh: not,
      }),
    };
    const { kustomization: _, helmReleases: __, ...place } = KUSTOMIZATION;
    const delivery: Delivery = { ...place, kind: 'argocd', namespace: 'argocd', application: 'shop' };
    expect(await runningImages({ deliveries: [delivery] }, clusters)).toEqual([
      {
        cluster: 'harbour-01',
        workload: 'Deployment shop/web',
        container: 'main',
        asked: `${WEB}:1.5.0`,
        digests: [],
      },
    ]);
  });
});
