/** The real kustomize, with honest overlays and with hostile ones. */

import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { BuildError } from '../../../sandbox/stack/go-build.js';
import { kustomizeBinary } from '../../../sandbox/stack/kustomize-binary.js';
import { runCommand } from '../../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { SystemError, type SystemTrouble } from '../../../src/domain/failure.js';
import { Kustomize } from '../../../src/systems/kustomize/kustomize.js';
import { reportSystem } from '../../support/report.js';
import { stubProgram } from '../program/stub-program.js';

/** Downloading and compiling, once on a machine. */
const BUILD_MS = 15 * 60_000;

let program: string | undefined;
let notThere = '';
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('kustomize-test');
  const place = join(folder.path, 'tmp');
  await mkdir(place);
  vi.stubEnv('TMPDIR', place);
  try {
    program = await kustomizeBinary();
    const version = await runCommand(program, ['version']);
    reportSystem('kustomize', 'real', `kustomize ${version.trim()}`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    notThere = error.message;
  }
}, BUILD_MS);
afterAll(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

function kustomize(context: Pick<TestContext, 'skip'>): Kustomize {
  return new Kustomize({ program: program ?? context.skip(notThere) });
}

const files = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        image: registry.example.com/shop/web
`;

const SHOP = files({
  'base/kustomization.yaml':
    'resources:\n- web.yaml\nconfigMapGenerator:\n- name: settings\n  files:\n  - settings.txt\n',
  'base/web.yaml': DEPLOYMENT,
  'base/settings.txt': 'colour=blue\n',
  'prod/kustomization.yaml': [
    'namespace: shop',
    'resources: [../base, extra.yaml]',
    'components: [../components/more]',
    'images: [{name: registry.example.com/shop/web, newTag: prd-1}]',
    'patches: [{path: replicas.yaml}]',
    'transformers:',
    '- |-',
    '  apiVersion: builtin',
    '  kind: LabelTransformer',
    '  metadata: {name: l}',
    '  labels: {team: shop}',
    '  fieldSpecs: [{path: metadata/labels, create: true}]',
    '',
  ].join('\n'),
  'prod/replicas.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n',
  'prod/extra.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n',
  'components/more/kustomization.yaml':
    'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n',
});

async function troubleOf(answer: Promise<unknown>): Promise<SystemTrouble> {
  const error: unknown = await answer.then(
    (text) => `the text ${String(text)}`,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SystemError)) throw new Error(`expected a SystemError, got ${String(error)}`);
  expect(error.cause).toBeUndefined();
  expect(error.trouble.remedy).not.toBe('');
  return error.trouble;
}

/** What is in the place for temporary files, which this file has for itself. */
const leftBehind = () => readdir(tmpdir());

describe('kustomize', () => {
  it('renders an overlay over a base beside it, with components, patches and a built-in transformer', async (context) => {
    const text = await kustomize(context).build(SHOP, 'prod');
    const objects = parseAllDocuments(text).map((document): unknown => document.toJS());
    expect(objects).toMatchObject([
      { kind: 'ConfigMap', metadata: { name: 'extra-x', namespace: 'shop', labels: { team: 'shop' } } },
      { kind: 'ConfigMap', data: { 'settings.txt': 'colour=blue\n' } },
      {
        kind: 'Deployment',
        spec: {
          replicas: 3,
          template: { spec: { containers: [{ image: 'registry.example.com/shop/web:prd-1' }] } },
        },
      },
    ]);
  });

  it('leaves no file behind, whatever happens', async (context) => {
    const tool = kustomize(context);
    await tool.build(SHOP, 'prod');
    await troubleOf(
      tool.build(files({ 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': 'a: [\n' }), ''),
    );
    expect(await leftBehind()).toEqual([]);
  });

  it('lets Flux name single files outside of the directory, and Argo CD not', async (context) => {
    const shared = files({
      'shared/web.yaml': DEPLOYMENT,
      'prod/kustomization.yaml': 'resources: [../shared/web.yaml]\n',
    });
    const tool = kustomize(context);
    expect(await tool.build(shared, 'prod', { reach: 'repository' })).toContain('kind: Deployment');
    expect(await troubleOf(tool.build(shared, 'prod'))).toMatchObject({
      code: 'outside',
      object: 'prod/kustomization.yaml',
    });
  });

  it('says what kustomize says of a mistake, without the path of its folder', async (context) => {
    const trouble = await troubleOf(
      kustomize(context).build(
        files({
          'kustomization.yaml': 'resources: [a.yaml, b.yaml]\n',
          'a.yaml': DEPLOYMENT,
          'b.yaml': DEPLOYMENT,
        }),
        '',
      ),
    );
    expect(trouble).toMatchObject({
      system: 'kustomize',
      operation: 'build',
      kind: 'invalid',
      code: 'failed',
    });
    expect(trouble.message).toContain('may not add resource with an already registered id');
    expect(trouble.message).not.toContain(tmpdir());
  });

  it('repeats nothing that kustomize says of files with a Secret', async (context) => {
    const trouble = await troubleOf(
      kustomize(context).build(
        files({
          'kustomization.yaml':
            'resources: [s.yaml]\npatches:\n- patch: "hunter2hunter2: hunter2hunter2"\n  target: {kind: Secret}\n',
          's.yaml':
            'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2hunter2}\n',
        }),
        '',
      ),
    );
    expect(JSON.stringify(trouble)).not.toContain('hunter2');
    expect(trouble.message).toContain('left out');
  });
});

describe('hostile kustomizations', () => {
  let asked: string[];
  let server: Server;
  let address: string;
  beforeAll(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fetched}\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = server.address();
    if (at === null || typeof at === 'string') throw new Error('no port');
    address = `127.0.0.1:${at.port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('are a danger: without the walk kustomize itself fetches (positive control)', async (context) => {
    const bare = join(folder.path, 'control');
    await mkdir(bare);
    await writeFile(join(bare, 'kustomization.yaml'), `Resources: [http://${address}/control.yaml]\n`);
    const text = await runCommand(program ?? context.skip(notThere), ['build', bare], { env: {} });
    expect(text).toContain('name: fetched');
    expect(asked).toContain('/control.yaml');
  });

  const K = 'kustomization.yaml';
  const plugin = (kind: string, rest = '') =>
    `apiVersion: builtin\nkind: ${kind}\nmetadata: {name: x}\n${rest}`;
  it.each<[string, string, string, Readonly<Record<string, string>>]>([
    ['remote', 'a resource by http', K, { [K]: 'resources: ["http://ADDRESS/x.yaml"]\n' }],
    ['remote', 'a resource by HTTPS in capitals', K, { [K]: 'resources: ["HTTPS://ADDRESS/x.yaml"]\n' }],
    ['remote', 'a base in Git', K, { [K]: 'resources: ["git::https://ADDRESS/x.git//base"]\n' }],
    ['remote', 'a base by ssh', K, { [K]: 'resources: ["git@example.com:shop/base.git"]\n' }],
    ['remote', 'a base at GitHub, without scheme', K, { [K]: 'resources: [github.com/shop/base]\n' }],
    ['remote', 'a base with a reference', K, { [K]: 'resources: ["example.com/shop/base?ref=main"]\n' }],
    ['remote', 'a local repository by URL', K, { [K]: 'resources: ["file:///srv/git/base.git"]\n' }],
    ['remote', 'a component', K, { [K]: 'components: ["https://ADDRESS/x"]\n' }],
    ['remote', 'an old base', K, { [K]: 'bases: ["https://ADDRESS/x"]\n' }],
    ['remote', 'the path of a patch', K, { [K]: 'patches: [{path: "http://ADDRESS/p.yaml"}]\n' }],
    ['remote', 'a strategic merge patch', K, { [K]: 'patchesStrategicMerge: ["http://ADDRESS/p.yaml"]\n' }],
    [
      'remote',
      'a JSON patch',
      K,
      { [K]: 'patchesJson6902: [{path: "http://ADDRESS/p.yaml", target: {kind: Pod, name: x}}]\n' },
    ],
    [
      'remote',
      'a file of a ConfigMap',
      K,
      { [K]: 'configMapGenerator: [{name: c, files: ["k=http://ADDRESS/f"]}]\n' },
    ],
    [
      'remote',
      'an env file of a Secret',
      K,
      { [K]: 'secretGenerator: [{name: c, envs: ["http://ADDRESS/f"]}]\n' },
    ],
    ['remote', 'a replacement', K, { [K]: 'replacements: [{path: "http://ADDRESS/r.yaml"}]\n' }],
    ['remote', 'a schema', K, { [K]: 'openapi: {path: "http://ADDRESS/s.json"}\n' }],
    ['remote', 'a definition', K, { [K]: 'crds: ["http://ADDRESS/s.json"]\n' }],
    ['remote', 'a configuration', K, { [K]: 'configurations: ["http://ADDRESS/s.yaml"]\n' }],
    ['remote', 'a transformer', K, { [K]: 'transformers: ["http://ADDRESS/t.yaml"]\n' }],
    [
      'remote',
      'an address in a base',
      'base/kustomization.yaml',
      { [K]: 'resources: [base]\n', 'base/kustomization.yaml': 'resources: ["http://ADDRESS/x.yaml"]\n' },
    ],
    [
      'remote',
      'an address in a transformer',
      K,
      {
        [K]: 'transformers: [t.yaml]\n',
        't.yaml': plugin('PatchTransformer', 'path: "http://ADDRESS/p.yaml"\n'),
      },
    ],
    [
      'remote',
      'an address in an inline transformer',
      K,
      {
        [K]: `transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: http://ADDRESS/p.yaml\n`,
      },
    ],
    [
      'unknown-field',
      'a field in capitals, which kustomize would read',
      K,
      { [K]: 'Resources: ["http://ADDRESS/x.yaml"]\n' },
    ],
    [
      'unknown-field',
      'a long s, which Go takes for an s',
      K,
      { [K]: 'reſources: ["http://ADDRESS/x.yaml"]\n' },
    ],
    ['unknown-field', 'a path in capitals', K, { [K]: 'patches: [{Path: "http://ADDRESS/p.yaml"}]\n' }],
    ['unknown-field', 'a field of tomorrow', K, { [K]: 'fetchers: [a]\n' }],
    [
      'remote',
      'an address merged in',
      K,
      { [K]: 'metadata: &x\n  resources: ["http://ADDRESS/x.yaml"]\n<<: *x\n' },
    ],
    [
      'unreadable',
      'an address in base64, which Go would decode',
      K,
      { [K]: 'resources: [!!binary aHR0cDovLzEyNy4wLjAuMS94]\n' },
    ],
    [
      'unreadable',
      'a field that stands twice',
      K,
      { [K]: 'resources: []\nresources: ["http://ADDRESS/x.yaml"]\n' },
    ],
    ['unreadable', 'two documents', K, { [K]: 'namespace: a\n---\nresources: ["http://ADDRESS/x.yaml"]\n' }],
    [
      'unreadable',
      'an alias bomb',
      K,
      {
        [K]: `${Array.from({ length: 12 }, (_, n) => (n === 0 ? 'l0: &l0 [x, x]' : `l${n}: &l${n} [*l${n - 1}, *l${n - 1}, *l${n - 1}, *l${n - 1}]`)).join('\n')}\n`,
      },
    ],
    ['unreadable', 'nesting without end', K, { [K]: `resources: ${'['.repeat(50_000)}\n` }],
    [
      'unreadable',
      'two kustomizations in one directory',
      K,
      { [K]: 'resources: []\n', Kustomization: 'resources: []\n' },
    ],
    ['outside', 'a directory above the repository', K, { [K]: 'resources: ["../elsewhere"]\n' }],
    ['outside', 'an absolute path', K, { [K]: 'resources: [/etc/passwd]\n' }],
    [
      'outside',
      'a file above the repository for a ConfigMap',
      K,
      { [K]: 'configMapGenerator: [{name: c, files: ["../../../../../../etc/passwd"]}]\n' },
    ],
    ['outside', 'a back slash', K, { [K]: 'resources: ["..\\\\x.yaml"]\n' }],
    [
      'program',
      'a function that runs a program',
      't.yaml',
      {
        [K]: 'transformers: [t.yaml]\n',
        't.yaml':
          'apiVersion: v1\nkind: Run\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n',
        'run.sh': 'touch /nowhere\n',
      },
    ],
    [
      'program',
      'an exec plugin',
      'g.yaml',
      {
        [K]: 'generators: [g.yaml]\n',
        'g.yaml': 'apiVersion: someteam.example.com/v1\nkind: SedTransformer\nmetadata: {name: x}\n',
      },
    ],
    [
      'program',
      'a function under a built-in name',
      't.yaml',
      {
        [K]: 'validators: [t.yaml]\n',
        't.yaml':
          'apiVersion: builtin\nkind: LabelTransformer\nmetadata:\n  name: x\n  annotations: {config.kubernetes.io/function: "container: {image: x}"}\n',
      },
    ],
    [
      'program',
      'transformers that a directory makes',
      K,
      { [K]: 'transformers: [t]\n', 't/kustomization.yaml': 'resources: []\n' },
    ],
    ['helm', 'a chart', K, { [K]: 'helmCharts: [{name: x, repo: "https://charts.example.com"}]\n' }],
    ['helm', 'the old field for charts', K, { [K]: 'helmChartInflationGenerator: [{chartName: x}]\n' }],
    [
      'helm',
      'a generator of charts',
      'g.yaml',
      { [K]: 'generators: [g.yaml]\n', 'g.yaml': plugin('HelmChartInflationGenerator', 'name: x\n') },
    ],
    [
      'cycle',
      'a base that contains itself',
      'b/kustomization.yaml',
      {
        'a/kustomization.yaml': 'resources: [../b]\n',
        'b/kustomization.yaml': 'resources: [../a]\n',
        [K]: 'resources: [a]\n',
      },
    ],
    ['missing', 'a resource that is not there', K, { [K]: 'resources: [web.yaml]\n' }],
    [
      'missing',
      'a base without kustomization',
      K,
      { [K]: 'resources: [base]\n', 'base/web.yaml': DEPLOYMENT },
    ],
  ])('are refused as %s: %s', async (code, _, object, entries) => {
    const before = asked.length;
    const filled = Object.entries(entries).map(
      ([path, text]) => [path, text.replaceAll('ADDRESS', address)] as const,
    );
    // the walk refuses them before any program is looked for
    const trouble = await troubleOf(
      new Kustomize({ program: '/no/such/program' }).build(new Map(filled), ''),
    );
    expect({ kind: trouble.kind, code: trouble.code }).toEqual({ kind: 'invalid', code });
    expect(code === 'cycle' ? ['a/kustomization.yaml', object, K] : [object]).toContain(trouble.object);
    expect(asked.length).toBe(before);
  });

  it('never reach kustomize with an address, a link or a foreign file, even where the walk has a hole', async (context) => {
    // a plain file cannot be a link: what would be one in Git is text here
    const text = await kustomize(context).build(
      files({
        'kustomization.yaml': 'configMapGenerator: [{name: c, files: [link]}]\n',
        link: '/etc/passwd',
      }),
      '',
    );
    expect(text).toContain('link: /etc/passwd');
    expect(text).not.toContain('root:');
  });

  it('cannot use a link that somebody put into the place for temporary files', async (context) => {
    const target = join(folder.path, 'target');
    await mkdir(target);
    await writeFile(join(target, 'kustomization.yaml'), 'namespace: stolen\n');
    const link = join(tmpdir(), `gatehouse-link-${process.pid}`);
    await symlink(target, link);
    const trouble = await troubleOf(
      kustomize(context).build(files({ [K]: `resources: ["../../gatehouse-link-${process.pid}"]\n` }), ''),
    );
    await rm(link);
    expect(trouble.code).toBe('outside');
  });

  it.each(['../x', '/etc', 'a/../../b', 'a//b', 'a\\b'])('are not looked for in %s', async (directory) => {
    const tool = new Kustomize({ program: '/no/such/program' });
    expect(await troubleOf(tool.build(files({ [K]: 'resources: []\n' }), directory))).toMatchObject({
      code: 'outside',
    });
  });

  const bomb = (levels: number) =>
    Array.from({ length: levels }, (_, n) =>
      n === 0 ? '  l0: &l0 [x, x, x, x]' : `  l${n}: &l${n} [*l${n - 1}, *l${n - 1}, *l${n - 1}, *l${n - 1}]`,
    ).join('\n');
  const withAliases = (aliases: string) =>
    files({
      [K]: 'resources: [b.yaml]\n',
      'b.yaml': `apiVersion: example.com/v1\nkind: Bomb\nmetadata: {name: b}\nspec:\n${aliases}\n`,
    });

  it('stop at an alias bomb in a resource, which kustomize would write out', async () => {
    const tool = new Kustomize({ program: '/no/such/program' });
    expect(await troubleOf(tool.build(withAliases(bomb(20)), ''))).toMatchObject({
      code: 'too-large',
      object: 'b.yaml',
    });
  });

  it('may have a few aliases', async (context) => {
    const text = await kustomize(context).build(withAliases(bomb(3)), '');
    expect(text.match(/- x$/gm)).toHaveLength(4 + 16 + 64);
  });

  it('stop at huge output', async (context) => {
    const tool = new Kustomize({ program: program ?? context.skip(notThere), maxOutputBytes: 10_000 });
    const big = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata: {a: "${'x'.repeat(50_000)}"}\n`;
    expect(
      await troubleOf(tool.build(files({ [K]: 'resources: [b.yaml]\n', 'b.yaml': big }), '')),
    ).toMatchObject({ code: 'too-much-output' });
  });

  it('stop at huge input before anything is written', async () => {
    const tool = new Kustomize({ program: '/no/such/program' });
    const names = Array.from({ length: 5_001 }, (_, n) => `f${n}.yaml`);
    const many = new Map<string, string>(names.map((name) => [name, DEPLOYMENT]));
    many.set(K, `resources:\n${names.map((name) => `- ${name}`).join('\n')}\n`);
    expect(await troubleOf(tool.build(many, ''))).toMatchObject({ code: 'too-large' });
  });
});

describe('a program in place of kustomize', () => {
  const input = files({
    'kustomization.yaml': 'resources: [web.yaml]\n',
    'web.yaml': DEPLOYMENT,
    'other.yaml': 'a: 1\n',
  });

  it('gets the files that are named and nothing else, and no environment', async () => {
    const stub = await stubProgram(folder.path, 'look', '/usr/bin/find . -type f; /usr/bin/env; echo "$@"');
    const lines = (await new Kustomize({ program: stub }).build(input, '')).split('\n');
    expect(lines.filter((line) => line.startsWith('./')).sort()).toEqual([
      './repository/kustomization.yaml',
      './repository/web.yaml',
    ]);
    const names = lines.filter((line) => /^[A-Z_]+=/.test(line)).map((line) => line.split('=')[0]);
    // the shell of the stub adds PWD, OLDPWD, SHLVL and _ by itself
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')).sort()).toEqual([
      'GOMEMLIMIT',
      'HOME',
      'TMPDIR',
    ]);
    expect(lines.join('\n')).toContain('--load-restrictor LoadRestrictionsRootOnly');
  });

  it('is ended when it takes too long', async () => {
    const stub = await stubProgram(folder.path, 'endless', '/bin/sleep 600');
    const trouble = await troubleOf(new Kustomize({ program: stub, timeoutMs: 500 }).build(input, ''));
    expect(trouble).toMatchObject({ code: 'too-slow', kind: 'invalid' });
    expect(await leftBehind()).toEqual([]);
  });

  it('is ended when the caller gives up, with the reason of the caller', async () => {
    const stub = await stubProgram(folder.path, 'waiting', '/bin/sleep 600');
    const reason = new Error('the caller gave up');
    const answer = new Kustomize({ program: stub }).build(input, '', { signal: AbortSignal.timeout(200) });
    await expect(answer).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(
      new Kustomize({ program: stub }).build(input, '', { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });

  it('is asked for when it is not there', async () => {
    const trouble = await troubleOf(new Kustomize({ program: '/no/such/kustomize' }).build(input, ''));
    expect(trouble).toMatchObject({ code: 'missing', kind: 'invalid' });
    expect(trouble.remedy).toContain('systems.kustomize.program');
  });

  it('may be killed by the machine: then it is tried again', async () => {
    const stub = await stubProgram(folder.path, 'killed', 'kill -9 $$');
    expect(await troubleOf(new Kustomize({ program: stub }).build(input, ''))).toMatchObject({
      kind: 'unavailable',
    });
  });
});
