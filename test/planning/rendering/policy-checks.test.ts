import { describe, expect, it } from 'vitest';
import { removalOf } from '../../../src/planning/rendering/checks/removed-apis.js';
import { describeFinding, type Finding } from '../../../src/planning/rendering/finding.js';
import { checkRendered } from '../../../src/planning/rendering/policy-checks.js';
import type { PolicyRules } from '../../../src/planning/rendering/policy-rules.js';
import { changeOf, DIGEST, deployment, IMAGE, object, RULES, rendered } from './objects.js';

function findings(
  after: readonly object[],
  rules: Partial<PolicyRules> = {},
  before: readonly object[] = after,
) {
  return checkRendered(rendered(...after), changeOf(before, after), { ...RULES, ...rules });
}

const short = ({ check, level, object: what }: Finding) => `${level} ${check} ${what}`;

describe('checkRendered', () => {
  it('finds nothing in an honest place', () => {
    expect(
      findings([deployment(), object('v1', 'Service'), object('networking.k8s.io/v1', 'Ingress')], {}, []),
    ).toEqual([]);
  });

  it('puts refusals first, and each says what to do', () => {
    const found = findings([deployment('shop/web:1'), object('v1', 'Secret', { data: { a: 'Yg==' } })]);
    expect(found.map(({ level }) => level)).toEqual(['refuse', 'warn']);
    for (const finding of found) expect(finding.remedy).not.toBe('');
    expect(describeFinding(found[0] ?? expect.fail())).toMatch(/^plain-secret: Secret shop\/web: .+\. .+/);
  });
});

describe('kinds of the whole cluster', () => {
  const cluster = (apiVersion: string, kind: string, name = 'x', more: object = {}) =>
    object(apiVersion, kind, more, name, '');
  it.each<[string, string]>([
    ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
    ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
    ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'],
    ['v1', 'PersistentVolume'],
    ['scheduling.k8s.io/v1', 'PriorityClass'],
    ['storage.k8s.io/v1', 'StorageClass'],
    ['networking.k8s.io/v1', 'IngressClass'],
    ['external-secrets.io/v1', 'ClusterSecretStore'],
    ['constraints.gatekeeper.sh/v1beta1', 'K8sRequiredLabels'],
  ])(
    '%s %s is refused when it is added, changed or removed, and goes where the path names it',
    (apiVersion, kind) => {
      const one = cluster(apiVersion, kind);
      const other = cluster(apiVersion, kind, 'x', { spec: { a: 1 } });
      const about = (
        before: readonly object[],
        after: readonly object[],
        clusterKinds: readonly string[] = [],
      ) => findings(after, { clusterKinds }, before).filter(({ check }) => check === 'cluster-kind');
      expect(about([], [one]).map(short)).toEqual([`refuse cluster-kind ${kind} x`]);
      expect(about([one], [other]).map(short)).toEqual([`refuse cluster-kind ${kind} x`]);
      expect(about([one], []).map(short)).toEqual([`refuse cluster-kind ${kind} x`]);
      expect(about([one], [one])).toEqual([]);
      expect(about([], [one], [kind]).map(short)).toEqual([`warn cluster-kind ${kind} x`]);
    },
  );

  it('are found out even when the manifest claims a namespace', () => {
    const found = findings([object('rbac.authorization.k8s.io/v1', 'ClusterRole')], {}, []);
    expect(found.map(short)).toEqual(['refuse cluster-kind ClusterRole shop/web']);
  });

  it.each<[string, readonly string[], readonly string[], readonly string[], string[]]>([
    ['its own namespace may come', [], ['shop'], [], ['warn cluster-kind Namespace shop']],
    ['another may not', [], ['other'], [], ['refuse cluster-kind Namespace other']],
    ['none may go', ['shop'], [], [], ['refuse cluster-kind Namespace shop', 'warn removal Namespace shop']],
    [
      'unless the path says so',
      ['shop'],
      [],
      ['Namespace'],
      ['warn cluster-kind Namespace shop', 'warn removal Namespace shop'],
    ],
  ])('a namespace: %s', (_, before, after, clusterKinds, expected) => {
    const named = (names: readonly string[]) => names.map((name) => cluster('v1', 'Namespace', name));
    expect(findings(named(after), { clusterKinds }, named(before)).map(short)).toEqual(expected);
  });
});

describe('namespaces', () => {
  it.each<[string, string, Partial<PolicyRules>, string[]]>([
    ['an allowed one', 'shop', {}, []],
    ['another one', 'kube-system', {}, ['refuse namespace Service kube-system/web']],
    ['none, and nobody knows the default', '', {}, ['warn namespace Service web']],
    ['none, and the default is allowed', '', { defaultNamespace: 'shop' }, []],
    ['none, and the default is not', '', { defaultNamespace: 'other' }, ['refuse namespace Service web']],
    ['an allowed one of several', 'b', { namespaces: ['a', 'b'] }, []],
    ['any, when none is allowed', 'shop', { namespaces: [] }, ['refuse namespace Service shop/web']],
  ])('%s', (_, namespace, rules, expected) => {
    expect(findings([object('v1', 'Service', {}, 'web', namespace)], rules).map(short)).toEqual(expected);
  });
});

describe('images', () => {
  it.each<[string, string, 'refuse' | 'warn', string[]]>([
    ['by digest', IMAGE, 'refuse', []],
    ['by tag and digest', `shop/web:1@${DIGEST}`, 'refuse', []],
    ['by tag', 'shop/web:1.4.2', 'warn', ['warn']],
    ['by tag, where digests are asked for', 'shop/web:1.4.2', 'refuse', ['refuse']],
    ['by latest', 'shop/web:latest', 'warn', ['refuse']],
    ['without tag', 'shop/web', 'warn', ['refuse']],
    ['by latest and digest', `shop/web:latest@${DIGEST}`, 'refuse', []],
    ['by another digest', `shop/web@md5:${'a'.repeat(32)}`, 'warn', ['refuse']],
    ['by a digest cut short', `shop/web@sha256:${'a'.repeat(40)}`, 'warn', ['refuse']],
    ['by no name', 'https://shop/web', 'warn', ['refuse']],
    ['by a variable', '$(IMAGE)', 'warn', ['refuse']],
  ])('%s', (_, image, undigestedImages, levels) => {
    const found = findings([deployment(image)], { undigestedImages });
    expect(found.map(({ level }) => level)).toEqual(levels);
    for (const finding of found)
      expect(finding).toMatchObject({ check: 'image-pin', object: 'Deployment shop/web (web)' });
  });
});

describe('versions of APIs', () => {
  it.each<[string, string, number, string | undefined]>([
    ['extensions/v1beta1', 'Deployment', 37, 'refuse: apps/v1'],
    ['extensions/v1beta1', 'Ingress', 37, 'refuse: networking.k8s.io/v1'],
    ['extensions/v1beta1', 'Ingress', 21, 'warn: networking.k8s.io/v1'],
    ['apps/v1beta2', 'StatefulSet', 37, 'refuse: apps/v1'],
    ['policy/v1beta1', 'PodDisruptionBudget', 24, 'warn: policy/v1'],
    ['policy/v1beta1', 'PodDisruptionBudget', 25, 'refuse: policy/v1'],
    ['policy/v1beta1', 'PodSecurityPolicy', 37, 'refuse: none'],
    ['batch/v1beta1', 'CronJob', 37, 'refuse: batch/v1'],
    ['autoscaling/v2beta2', 'HorizontalPodAutoscaler', 37, 'refuse: autoscaling/v2'],
    ['flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema', 31, 'warn: flowcontrol.apiserver.k8s.io/v1'],
    ['networking.k8s.io/v1beta1', 'IPAddress', 37, 'refuse: networking.k8s.io/v1'],
    ['resource.k8s.io/v1beta1', 'ResourceClaim', 37, 'warn: resource.k8s.io/v1'],
    ['helm.fluxcd.io/v1', 'HelmRelease', 37, 'refuse: helm.toolkit.fluxcd.io/v2'],
    ['external-secrets.io/v1beta1', 'ExternalSecret', 37, 'refuse: external-secrets.io/v1'],
    ['certmanager.k8s.io/v1alpha1', 'Certificate', 37, 'refuse: cert-manager.io/v1'],
    ['apps/v1', 'Deployment', 37, undefined],
    ['batch/v1', 'CronJob', 37, undefined],
    ['networking.k8s.io/v1beta1', 'Other', 37, undefined],
    ['autoscaling/v2', 'HorizontalPodAutoscaler', 37, undefined],
  ])('%s %s in 1.%i', (apiVersion, kind, minor, expected) => {
    const removal = removalOf(apiVersion, kind, minor);
    const shown = removal && `${removal.gone ? 'refuse' : 'warn'}: ${removal.instead ?? 'none'}`;
    expect(shown).toBe(expected);
  });

  it('are refused when gone and warned of when announced', () => {
    const old = object('policy/v1beta1', 'PodDisruptionBudget');
    expect(findings([old]).map(short)).toEqual(['refuse deprecated-api PodDisruptionBudget shop/web']);
    expect(findings([old], { kubernetesMinor: 24 }).map(short)).toEqual([
      'warn deprecated-api PodDisruptionBudget shop/web',
    ]);
  });
});

describe('duplicates', () => {
  const release = (name: string, spec: object = {}, namespace = 'shop') =>
    object(
      'helm.toolkit.fluxcd.io/v2',
      'HelmRelease',
      { spec: { interval: '5m', chartRef: { kind: 'OCIRepository', name: 'x' }, ...spec } },
      name,
      namespace,
    );
  const duplicates = (objects: readonly object[], rules: Partial<PolicyRules> = {}) =>
    findings(objects, rules)
      .filter(({ check }) => check === 'duplicate')
      .map(({ object: what }) => what);

  it.each<[string, readonly object[], Partial<PolicyRules>, string[]]>([
    ['one object twice', [object('v1', 'Service'), object('v1', 'Service')], {}, ['Service shop/web']],
    [
      'two versions of one object',
      [object('apps/v1', 'Deployment'), object('apps/v1beta1', 'Deployment')],
      {},
      ['Deployment shop/web'],
    ],
    [
      'one with and one without the default namespace',
      [object('v1', 'Service'), object('v1', 'Service', {}, 'web', '')],
      { defaultNamespace: 'shop' },
      ['Service shop/web'],
    ],
    [
      'one name in two namespaces',
      [object('v1', 'Service'), object('v1', 'Service', {}, 'web', 'b')],
      { namespaces: ['shop', 'b'] },
      [],
    ],
    ['one name in two groups', [object('a.example.com/v1', 'Service'), object('v1', 'Service')], {}, []],
    [
      'two releases of one name',
      [release('a', { releaseName: 'x' }), release('b', { releaseName: 'x' })],
      {},
      ['HelmRelease shop/a, HelmRelease shop/b'],
    ],
    [
      'a release name that is the name of another',
      [release('a', { releaseName: 'b' }), release('b')],
      {},
      ['HelmRelease shop/a, HelmRelease shop/b'],
    ],
    [
      'a composed name',
      [release('a', { targetNamespace: 'shop' }), release('b', { releaseName: 'shop-a' })],
      {},
      ['HelmRelease shop/a, HelmRelease shop/b'],
    ],
    [
      'one release name in two namespaces',
      [release('a', { releaseName: 'x' }), release('a', { releaseName: 'x' }, 'b')],
      { namespaces: ['shop', 'b'] },
      [],
    ],
    [
      'one release name in two clusters',
      [
        release('a', { releaseName: 'x' }),
        release('b', { releaseName: 'x', kubeConfig: { secretRef: { name: 'other' } } }),
      ],
      {},
      [],
    ],
  ])('%s', (_, objects, rules, expected) => {
    expect(duplicates(objects, rules)).toEqual(expected);
  });
});

describe('schemas of vendors', () => {
  const application = (spec: object, more: object = {}) =>
    object('argoproj.io/v1alpha1', 'Application', { spec, ...more });
  const GOOD = {
    project: 'shop',
    destination: { server: 'https://x', namespace: 'shop' },
    source: { repoURL: 'https://git.example.com/x.git', path: 'prod', targetRevision: 'main' },
  };
  const schemas = (...objects: readonly object[]) =>
    findings(objects)
      .filter(({ check }) => check === 'schema')
      .map(({ level, message }) => `${level} ${message}`);

  it('let good objects pass', () => {
    expect(
      schemas(
        application(GOOD),
        object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', {
          spec: {
            interval: '5m',
            prune: true,
            path: './prod',
            sourceRef: { kind: 'GitRepository', name: 'x' },
          },
        }),
        object('helm.toolkit.fluxcd.io/v2', 'HelmRelease', {
          spec: {
            interval: '5m',
            chart: {
              spec: { chart: 'shop', version: '1.4.2', sourceRef: { kind: 'HelmRepository', name: 'x' } },
            },
            values: { anything: [{ goes: 1 }] },
          },
        }),
        object('external-secrets.io/v1', 'ExternalSecret', {
          spec: {
            secretStoreRef: { name: 'vault' },
            target: { name: 'x' },
            data: [{ secretKey: 'a', remoteRef: { key: 'b' } }],
          },
        }),
        object('source.toolkit.fluxcd.io/v1', 'GitRepository', {
          spec: { interval: '1m', url: 'https://git.example.com/x.git', ref: { branch: 'main' } },
        }),
      ),
    ).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    ['a field that is missing', application({ project: 'shop' }), /^refuse spec: .*destination/],
    ['a wrong type', application({ ...GOOD, project: 7 }), /^refuse spec\.project: .*string/],
    [
      'a duration without a unit',
      object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', {
        spec: { interval: '5', prune: true, sourceRef: { kind: 'GitRepository', name: 'x' } },
      }),
      /^refuse spec\.interval: .*pattern/,
    ],
    [
      'a value that is none of the choice',
      object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', {
        spec: { interval: '5m', prune: true, sourceRef: { kind: 'Git', name: 'x' } },
      }),
      /^refuse spec\.sourceRef\.kind: /,
    ],
    [
      'a misspelt field, which an API server drops',
      application({ ...GOOD, syncPolcy: {} }),
      /^warn spec\.syncPolcy: the schema has no such field/,
    ],
    [
      'a version that is not served',
      object('helm.toolkit.fluxcd.io/v2beta1', 'HelmRelease', { spec: {} }),
      /^refuse helm\.toolkit\.fluxcd\.io\/v2beta1 of HelmRelease is not served/,
    ],
  ])('find %s', (_, manifest, expected) => {
    const found = schemas(manifest);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it('never show a value', () => {
    const [found] = schemas(application({ ...GOOD, project: ['canary-value'] }));
    expect(found).toBeDefined();
    expect(found).not.toContain('canary-value');
  });

  it('note kinds that nobody here knows, once each, and say nothing of those of Kubernetes', () => {
    const found = findings([
      object('example.com/v1', 'Widget', {}, 'a'),
      object('example.com/v1', 'Widget', {}, 'b'),
      deployment(),
    ]);
    expect(found.map(short)).toEqual(['note schema example.com/v1 Widget']);
  });
});

describe('migrations', () => {
  const job = (more: object = {}, container: object = {}, name = 'run') => ({
    ...object(
      'batch/v1',
      'Job',
      { spec: { template: { spec: { containers: [{ name: 'c', image: IMAGE, ...container }] } } } },
      name,
    ),
    ...more,
  });
  const annotated = (annotations: object, name = 'web', kind = 'ConfigMap') => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'shop', annotations },
  });
  it.each<[string, object, RegExp | undefined]>([
    ['a Job', job(), /it is a Job, which runs once/],
    ['a Job by its name', job({}, {}, 'db-migrate'), /Job that looks like a database migration/],
    [
      'a Job by its command',
      job({}, { command: ['sh', '-c', 'flyway migrate'] }),
      /looks like a database migration/,
    ],
    [
      'a hook of Argo CD',
      annotated({ 'argocd.argoproj.io/hook': 'PreSync' }),
      /runs as argocd.argoproj.io\/hook PreSync/,
    ],
    ['a hook of Helm', annotated({ 'helm.sh/hook': 'test,pre-upgrade' }), /runs as helm.sh\/hook/],
    ['a test of Helm', annotated({ 'helm.sh/hook': 'test' }), undefined],
    [
      'a kind of its own',
      object('db.atlasgo.io/v1alpha1', 'AtlasMigration'),
      /AtlasMigration changes a database/,
    ],
    [
      'an init container',
      object('apps/v1', 'Deployment', {
        spec: { template: { spec: { initContainers: [{ name: 'migrate', image: IMAGE }], containers: [] } } },
      }),
      /init container looks like/,
    ],
    ['an honest Deployment', deployment(), undefined],
  ])('%s', (_, manifest, expected) => {
    const messages = findings([manifest], {}, [])
      .filter(({ check }) => check === 'migration')
      .map(({ message }) => message);
    if (expected === undefined) expect(messages).toEqual([]);
    else expect(messages).toEqual([expect.stringMatching(expected)]);
  });

  it('count only when they come with the change', () => {
    expect(findings([job()], {}, [job()])).toEqual([]);
    expect(
      findings([job({}, { image: 'shop/web@sha256:'.concat('1'.repeat(64)) })], {}, [job()]).map(short),
    ).toEqual(['warn migration Job shop/run']);
  });
});

describe('removals', () => {
  it('are flagged, those that hold data with more words', () => {
    const found = findings([], {}, [deployment(), object('v1', 'PersistentVolumeClaim', {}, 'data')]);
    expect(found.map(short)).toEqual([
      'warn removal PersistentVolumeClaim shop/data',
      'warn removal Deployment shop/web',
    ]);
    expect(found[0]?.message).toContain('the data it holds');
  });
});
