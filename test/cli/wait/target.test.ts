import { describe, expect, it } from 'vitest';
import { type WaitOptions, wantedOf } from '../../../src/cli/wait/target.js';

const COMMIT = 'a'.repeat(40);
const DIGEST = `sha256:${'1'.repeat(64)}`;

function wanted(options: Partial<WaitOptions>) {
  return wantedOf({ image: [], workload: [], stabilisation: 15_000, timeout: 600_000, ...options });
}

describe('wantedOf', () => {
  it('reads what must run', () => {
    expect(wanted({ application: 'team-a/shop', revision: COMMIT })).toEqual({
      target: { kind: 'application', name: 'shop', namespace: 'team-a' },
      revision: COMMIT,
      images: [],
      workloads: [],
    });
    expect(wanted({ selector: 'team=shop', expect: 3, chartVersion: '1.4.2' })).toMatchObject({
      target: { kind: 'applications', selector: 'team=shop', expect: 3, namespace: 'argocd' },
      chartVersion: '1.4.2',
    });
    expect(wanted({ flux: 'Kustomization/shop', revision: `sha256:${'b'.repeat(64)}` })).toMatchObject({
      target: { kind: 'kustomization', name: 'shop', namespace: 'flux-system' },
      revision: 'b'.repeat(64),
    });
    expect(wanted({ flux: 'helmrelease/shop', revision: '1.4.2' })).toMatchObject({ chartVersion: '1.4.2' });
    expect(
      wanted({
        application: 'shop',
        revision: COMMIT,
        image: [`registry.example.com:5000/shop:2@${DIGEST}`],
        workload: ['deployment/web'],
        workloadNamespace: 'shop',
      }),
    ).toMatchObject({
      images: [{ name: 'registry.example.com:5000/shop', digest: DIGEST }],
      workloads: [{ kind: 'Deployment', name: 'web', namespace: 'shop' }],
    });
  });

  it.each<[string, Partial<WaitOptions>, RegExp]>([
    ['nothing', { revision: COMMIT }, /Nothing to wait for/],
    ['two things', { application: 'a', flux: 'kustomization/b', revision: COMMIT }, /Only one/],
    ['no revision', { application: 'shop' }, /What must run/],
    ['a shortened commit', { application: 'shop', revision: COMMIT.slice(0, 12) }, /not a whole commit id/],
    ['a branch', { application: 'shop', revision: 'main' }, /not a whole commit id/],
    [
      'a chart version for a Kustomization',
      { flux: 'kustomization/shop', chartVersion: '1.4.2' },
      /What must run/,
    ],
    [
      'a commit for a HelmRelease',
      { flux: 'helmrelease/shop', revision: COMMIT },
      /chart version, not a commit/,
    ],
    ['another kind of Flux', { flux: 'gitrepository/shop', revision: COMMIT }, /--flux/],
    ['an empty selector', { selector: ' ', revision: COMMIT }, /--selector is empty/],
    ['a count without a selector', { application: 'shop', expect: 2, revision: COMMIT }, /--expect/],
    ['an image by tag', { application: 'shop', revision: COMMIT, image: ['shop:2'] }, /by digest/],
    [
      'another kind of workload',
      { application: 'shop', revision: COMMIT, workload: ['job/x'] },
      /--workload/,
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => wanted(options)).toThrow(message);
  });

  const kustomization = { flux: 'kustomization/shop', revision: COMMIT };
  const release = { flux: 'helmrelease/shop', chartVersion: '1.4.2' };
  const application = { application: 'shop', revision: COMMIT };
  it.each<[string, Partial<WaitOptions>, Partial<WaitOptions>]>([
    ['a chart version of a Kustomization', kustomization, { chartVersion: '1.4.2' }],
    ['a commit of a HelmRelease', release, { revision: COMMIT }],
    ['a clone for a HelmRelease', release, { repository: '.' }],
    ['a clone without a commit', { application: 'shop', chartVersion: '1.4.2' }, { repository: '.' }],
    ['a source of Flux', kustomization, { source: 'https://git.example.com/ops/prod.git' }],
    [
      'a source without a commit',
      { application: 'shop', chartVersion: '1.4.2' },
      { source: 'https://git.example.com/ops/prod.git' },
    ],
    ['a sync by hand of Flux', release, { manualSync: true }],
    ['a namespace of no workload', application, { workloadNamespace: 'shop' }],
    ['a context of no cluster for workloads', application, { workloadContext: 'prod' }],
    ['two clusters', { ...application, server: 'https://10.0.0.1' }, { context: 'prod' }],
  ])(
    'leaves nothing unchecked that was asked for: %s is refused, and understood without',
    (_, options, more) => {
      expect(() => wanted({ ...options, ...more })).toThrow();
      // the remedy: left out
      expect(() => wanted(options)).not.toThrow();
    },
  );
});
