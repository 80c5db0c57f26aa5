import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf, type PlanWorld, planIn } from '../../../bench/layouts/world.js';
import { kustomizeBinary } from '../../../sandbox/stack/kustomize-binary.js';
import { Kustomize } from '../../../src/systems/kustomize/kustomize.js';

let kustomize: Kustomize;
beforeAll(async () => {
  kustomize = new Kustomize({ program: await kustomizeBinary() });
}, 15 * 60_000);

const [OLD, NEW] = [digestOf('1'), digestOf('4')];
const WEB = 'registry.example.com/shop/web';

interface PathOptions {
  readonly kind?: 'argocd' | 'flux';
  readonly change: string;
  /** further lines of production */
  readonly prod?: string;
  readonly parts?: string;
}

const path = ({ kind = 'argocd', change, prod = '', parts = `images: [${WEB}]` }: PathOptions): string => {
  const delivery = (env: string) =>
    kind === 'flux'
      ? `{kind: flux, cluster: harbour-01, kustomization: shop-${env}, workloads: [{namespace: shop, name: web}]}`
      : `{kind: argocd, cluster: harbour-01, application: shop-${env}, workloads: [{namespace: shop, name: web}]}`;
  return `apiVersion: gatehouse/v1
kind: Path
metadata: {name: shop}
spec:
  owners: shop-owners
  ${parts}
  defaults: {project: shop/environments}
  environments:
    - {name: dev, directory: dev, deliveries: [${delivery('dev')}]}
    - name: prod
      directory: prod
      change: ${change}
      deliveries: [${delivery('prod')}]
${prod}`;
};

const deployment = (image: string, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "${image}"}]
${more}`;

const TAGS = { [`${WEB}:1.4.0`]: NEW, [`${WEB}:1.0.0`]: OLD };
const world = (files: PlanWorld['branches'][string], more: Partial<PlanWorld> = {}): PlanWorld => ({
  branches: { main: files },
  tags: TAGS,
  ...more,
});

/** What is in the way, or an empty text. */
async function planned(pathText: string, of: PlanWorld, release = '') {
  const plan = await planIn(of, pathText, { kustomize }, release);
  const conflicts = plan.targets.flatMap(({ effects }) =>
    effects.filter(({ action }) => action === 'conflict').map(({ detail }) => detail),
  );
  return {
    conflict: conflicts.join('\n'),
    findings: plan.promotion?.findings.join('\n') ?? '',
    diff: plan.promotion?.places.map(({ diff }) => diff).join('\n') ?? '',
    images: plan.promotion?.places.flatMap(({ images }) => images) ?? [],
  };
}

const BY_KUSTOMIZE = `{edits: [{kind: kustomize-image, image: ${WEB}}]}`;
const BY_MANIFEST = `{edits: [{kind: manifest-image, image: ${WEB}}]}`;
const DEV = {
  'dev/kustomization.yaml': 'resources: [deployment.yaml]\n',
  'dev/deployment.yaml': deployment(`${WEB}:1.4.0`),
};
const env = (name: string, image: string, more: Readonly<Record<string, string>> = {}) => ({
  [`${name}/deployment.yaml`]: deployment(image),
  ...Object.fromEntries(Object.entries(more).map(([file, text]) => [`${name}/${file}`, text])),
});
const plain = (more: Readonly<Record<string, string>> = {}) => ({
  ...env('dev', `${WEB}@${NEW}`, more),
  ...env('prod', `${WEB}@${OLD}`),
});

describe('a plan does what it says', () => {
  it('sets the image that production runs', async () => {
    const found = await planned(
      path({ change: BY_KUSTOMIZE }),
      world({
        ...DEV,
        'prod/kustomization.yaml': 'resources: [deployment.yaml]\n',
        'prod/deployment.yaml': deployment(`${WEB}:1.0.0`),
      }),
    );
    expect(found).toMatchObject({ conflict: '', images: [`${WEB}@${NEW}`] });
  });

  it('refuses an entry that matches no image of production', async () => {
    const { conflict } = await planned(
      path({ change: BY_KUSTOMIZE }),
      world({
        ...DEV,
        'prod/kustomization.yaml': 'resources: [deployment.yaml]\n',
        'prod/deployment.yaml': deployment(`registry-eu.example.com/shop/other@${OLD}`),
      }),
    );
    expect(conflict).toContain(`nothing that prod renders to has the image ${WEB} with ${NEW}`);
  });

  it('refuses an edit below a patch that sets the image again', async () => {
    const patch = `resources: [deployment.yaml]
patches:
  - target: {kind: Deployment, name: web}
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: ${WEB}:1.0.0
`;
    const { conflict } = await planned(
      path({ change: BY_MANIFEST }),
      world({
        ...DEV,
        'prod/kustomization.yaml': patch,
        'prod/deployment.yaml': deployment(`${WEB}@${OLD}`),
      }),
    );
    expect(conflict).toContain(`prod would still run ${WEB}:1.0.0 in Deployment shop/web`);
  });

  const source = (ref: string) => ({
    'kustomization.yaml': 'resources: [release.yaml, source.yaml]\n',
    'release.yaml':
      'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: mon, namespace: shop}\nspec: {interval: 15m, chartRef: {kind: OCIRepository, name: mon}}\n',
    'source.yaml': `apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: mon, namespace: shop}\nspec:\n  interval: 60m\n  url: oci://registry.example.com/charts/mon\n  ref:\n${ref}`,
  });
  const placed = (name: string, ref: string) =>
    Object.fromEntries(Object.entries(source(ref)).map(([file, text]) => [`${name}/${file}`, text]));
  const oci = path({
    kind: 'flux',
    change: '{edits: [{kind: chart-version, file: source.yaml, at: spec.ref.tag, chart: mon}]}',
    parts: 'charts: [{name: mon, repository: "oci://registry.example.com/charts"}]',
  });
  const chart = { values: '', templates: {} };

  it.each([
    ['a digest', `    digest: ${OLD}\n`],
    ['a range', '    semver: "~1.3.0"\n'],
  ])('refuses a tag beside %s, which counts before it', async (_, stronger) => {
    const of = world(
      { ...placed('dev', '    tag: 1.5.0\n'), ...placed('prod', `    tag: 1.4.0\n${stronger}`) },
      { charts: { 'mon 1.5.0': chart } },
    );
    expect((await planned(oci, of)).conflict).toContain('prod would still take another mon than 1.5.0');
  });

  it('reads and writes the build metadata of a version as tags hold it', async () => {
    const of = world(
      {
        ...placed('dev', '    tag: 104.2.0_up58.0.0\n'),
        ...placed('prod', '    tag: 104.1.1_up57.0.3\n'),
      },
      { charts: { 'mon 104.2.0+up58.0.0': chart } },
    );
    const { conflict, diff } = await planned(oci, of);
    expect(conflict).toBe('');
    expect(diff).toContain('tag: 104.2.0_up58.0.0');
  });
});

describe('what controllers read', () => {
  it.each(['../common/a.properties', 'a.properties=../common/a.properties'])(
    'is found where a generator names it as %s',
    async (file) => {
      const generator = `resources: [deployment.yaml]\nconfigMapGenerator: [{name: a, namespace: shop, files: [${file}]}]\n`;
      const { conflict } = await planned(
        path({ kind: 'flux', change: BY_MANIFEST }),
        world({
          ...env('dev', `${WEB}@${NEW}`, { 'kustomization.yaml': generator }),
          ...env('prod', `${WEB}@${OLD}`, { 'kustomization.yaml': generator }),
          'common/a.properties': 'colour=blue\n',
        }),
      );
      expect(conflict).toBe('');
    },
  );

  it('is refused where it is a symbolic link, and the remedy works', async () => {
    const flags = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flags, namespace: shop}\n';
    const linked = world(plain(), { links: { 'dev/flags.yaml': '../common/flags.yaml' } });
    const copy = path({ change: 'copy' });
    expect((await planned(copy, linked)).conflict).toContain('dev/flags.yaml is a symbolic link');
    expect(await planned(copy, world(plain({ 'flags.yaml': flags })))).toMatchObject({ conflict: '' });
  });

  it('is refused where it is no text and would be taken over, and may stay where production keeps its own', async () => {
    const files = { ...plain(), 'dev/trust.jks': Buffer.from([0xfe, 0xed, 0xff]) };
    const { conflict } = await planned(path({ change: 'copy' }), world(files));
    expect(conflict).toContain('dev/trust.jks is not UTF-8 text');
    const kept = await planned(path({ change: '{copy: {keep: [trust.jks]}}' }), world(files));
    expect(kept.conflict).toBe('');
  });

  it('is shown as it stands where something is put in later', async () => {
    const more = {
      'secret.yaml': `apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: "\${DB_PASSWORD}"}\n`,
      'service.yaml': `apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: "\${tenant}"}\nspec: {ports: [{port: 80}]}\n`,
    };
    const { conflict, findings } = await planned(path({ kind: 'flux', change: 'copy' }), world(plain(more)));
    expect(conflict).toBe('');
    expect(findings).toContain(`\${tenant} is put in when it is delivered`);
  });

  it('has the numbers of YAML 1.1 in plain directories', async () => {
    const mode = (text: string) =>
      `      volumes: [{name: keys, secret: {secretName: keys, defaultMode: ${text}}}]\n`;
    const files = (dev: string, prod: string) =>
      world({
        'dev/deployment.yaml': deployment(`${WEB}@${NEW}`, mode(dev)),
        'prod/deployment.yaml': deployment(`${WEB}@${OLD}`, mode(prod)),
      });
    const copy = path({ change: 'copy' });
    expect((await planned(copy, files('400', '0400'))).diff).toMatch(/-.*256[\s\S]*\+.*400/);
    expect((await planned(copy, files('0400', '256'))).diff).not.toContain('defaultMode: 400');
  });
});

describe('what is promoted is what runs', () => {
  const [OTHER, FIRST] = [digestOf('6'), digestOf('5')];
  const running = (asked: string, ...digests: readonly string[]): NonNullable<PlanWorld['running']> => [
    { cluster: 'harbour-01', workload: 'Deployment shop/web', container: 'web', asked, digests },
  ];
  const named = (image: string, version: string) => `, release: {images: {${image}: "${version}"}}`;

  it('a tag that was moved since its pods pulled it is refused with both digests, and both remedies work', async () => {
    const files = { ...env('dev', `${WEB}:1.5.0`), ...env('prod', `${WEB}@${OLD}`) };
    const tags = { [`${WEB}:1.5.0`]: OTHER, [`${WEB}:first`]: FIRST };
    const of = world(files, { tags, running: running(`${WEB}:1.5.0`, FIRST) });
    const { conflict } = await planned(path({ change: BY_MANIFEST }), of);
    expect(conflict).toContain(`dev runs ${WEB}@${FIRST} (Deployment shop/web)`);
    expect(conflict).toContain('1.5.0');
    const byDigest = await planned(path({ change: BY_MANIFEST }), of, named('web', FIRST));
    expect(byDigest).toMatchObject({ conflict: '', images: [`${WEB}@${FIRST}`] });
    const rolledOut = world(files, { tags, running: running(`${WEB}:1.5.0`, OTHER) });
    expect(await planned(path({ change: BY_MANIFEST }), rolledOut)).toMatchObject({
      conflict: '',
      images: [`${WEB}@${OTHER}`],
    });
  });

  it('a request that names what does not run there is refused', async () => {
    const files = { ...env('dev', `${WEB}@${NEW}`), ...env('prod', `${WEB}@${OLD}`) };
    const tags = { ...TAGS, [`${WEB}:2.0.0`]: OTHER };
    const of = world(files, { tags, running: running(`${WEB}@${NEW}`, NEW) });
    expect((await planned(path({ change: BY_MANIFEST }), of)).conflict).toBe('');
    const { conflict } = await planned(path({ change: BY_MANIFEST }), of, named('web', '2.0.0'));
    expect(conflict).toContain(`dev runs ${WEB}@${NEW}`);
  });

  it('an image that no workload has is told, and nothing is said of it', async () => {
    const { conflict, findings } = await planned(path({ change: 'copy' }), world(plain(), { running: [] }));
    expect(conflict).toBe('');
    expect(findings).toContain(`what dev runs of ${WEB} is not seen`);
  });

  it('two tags of one repository are refused with both, and the request may name one', async () => {
    const two = (init: string, main: string) =>
      deployment(main, `      initContainers: [{name: migrate, image: "${init}"}]\n`);
    const of = world(
      {
        'dev/deployment.yaml': two(`${WEB}:1.5.0-migrations`, `${WEB}:1.5.0`),
        'prod/deployment.yaml': deployment(`${WEB}@${OLD}`),
      },
      { tags: { [`${WEB}:1.5.0-migrations`]: OTHER, [`${WEB}:1.5.0`]: FIRST } },
    );
    const { conflict } = await planned(path({ change: BY_MANIFEST }), of);
    expect(conflict).toContain(`dev has ${WEB} twice`);
    for (const tag of ['1.5.0-migrations', '1.5.0']) expect(conflict).toContain(`:${tag} (Deployment`);
    const one = await planned(path({ change: BY_MANIFEST }), of, named('web', '1.5.0'));
    expect(one).toMatchObject({ conflict: '', images: [`${WEB}@${FIRST}`] });
  });

  it.each([
    ['of the directory', '.argocd-source.yaml'],
    ['of its Application', '.argocd-source-shop-dev.yaml'],
  ])(
    'a file %s that sets the image over it is refused, and without it the plan is right',
    async (_, file) => {
      const files = {
        ...env('dev', `${WEB}:0.0.0`, {
          'kustomization.yaml': `resources: [deployment.yaml]\nimages: [{name: ${WEB}, newTag: 1.0.0}]\n`,
        }),
        ...env('prod', `${WEB}:0.0.0`, {
          'kustomization.yaml': `resources: [deployment.yaml]\nimages: [{name: ${WEB}, digest: "${digestOf('9')}"}]\n`,
        }),
      };
      const over = { [`dev/${file}`]: `kustomize: {images: ["${WEB}:1.4.0"]}\n` };
      const { conflict } = await planned(path({ change: BY_KUSTOMIZE }), world({ ...files, ...over }));
      expect(conflict).toContain(`dev/${file} sets {"kustomize":{"images":["${WEB}:1.4.0"]}}`);
      expect(await planned(path({ change: BY_KUSTOMIZE }), world(files))).toMatchObject({
        conflict: '',
        images: [`${WEB}@${OLD}`],
      });
    },
  );

  it('a folder that Argo CD does not read is no part of what runs, unless it recurses', async () => {
    const archive = deployment(`${WEB}@${OLD}`).replace('name: web,', 'name: web-2024,');
    const files = {
      ...plain(),
      'dev/archive/deployment-2024.yaml': archive,
      'prod/deployment.yaml': deployment(`${WEB}@${OLD}`),
    };
    expect(await planned(path({ change: BY_MANIFEST }), world(files))).toMatchObject({
      conflict: '',
      images: [`${WEB}@${NEW}`],
    });
    const recursing = path({ change: BY_MANIFEST }).replace(
      'directory: dev,',
      'directory: dev, recurse: true,',
    );
    expect((await planned(recursing, world(files))).conflict).toContain(`dev has ${WEB} twice`);
  });
});

describe('refusals are true', () => {
  const cluster = (namespace: string) =>
    `apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: ${namespace}}\n`;

  it('a kind that names a namespace has one, and that of another team is refused', async () => {
    const copy = path({ change: 'copy' });
    expect((await planned(copy, world(plain({ 'db.yaml': cluster('shop') })))).conflict).toBe('');
    expect((await planned(copy, world(plain({ 'db.yaml': cluster('bank') })))).conflict).toContain('bank');
  });

  it.each([
    ['cilium.io/v2', 'CiliumClusterwideNetworkPolicy'],
    ['projectcalico.org/v3', 'GlobalNetworkPolicy'],
  ])('%s %s belongs to the whole cluster, and may be allowed', async (apiVersion, kind) => {
    const of = world(
      plain({ 'policy.yaml': `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: open}\n` }),
    );
    expect((await planned(path({ change: 'copy' }), of)).conflict).toContain(kind);
    const allowed = path({ change: 'copy', prod: `      clusterKinds: [${kind}]\n` });
    expect((await planned(allowed, of)).conflict).toBe('');
  });

  it('a chart in a Git repository has no version to pin', async () => {
    const release = {
      'release.yaml':
        'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: shop}\nspec: {interval: 10m, chart: {spec: {chart: ./charts/shop, sourceRef: {kind: GitRepository, name: shop}}}}\n',
    };
    const { conflict, findings } = await planned(
      path({ kind: 'flux', change: BY_MANIFEST, prod: '      unpinned: refuse\n' }),
      world({ ...env('dev', `${WEB}@${NEW}`, release), ...env('prod', `${WEB}@${OLD}`, release) }),
    );
    expect(conflict).toBe('');
    expect(findings).toContain('what its chart makes is not shown: it is read from a GitRepository');
  });
});

describe('a large repository', () => {
  it('is read where the place is, among 50,000 files', async () => {
    const files = plain({ 'kustomization.yaml': 'resources: [deployment.yaml, ../base/service.yaml]\n' });
    const rest = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, n) => [`teams/t${n % 400}/a${n}.yaml`, `n: ${n}\n`]),
    );
    const of = world({ ...files, ...rest });
    const listed: string[] = [];
    const { conflict } = await planned(path({ kind: 'flux', change: BY_MANIFEST }), {
      ...of,
      onList: (at, recursive) => listed.push(recursive ? `${at}/**` : at),
      branches: {
        main: {
          ...of.branches.main,
          'base/service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\n',
        },
      },
    });
    expect(conflict).toBe('');
    expect(listed).toContain('dev/**');
    expect(listed).not.toContain('/**');
  });
});
