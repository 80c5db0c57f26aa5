/** Helm with a program in its place, and the real one where the cache has it (`npm run test:real` builds it). */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { helmBinary } from '../../../sandbox/stack/helm-binary.js';
import { runCommand } from '../../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { Helm, type TemplateInput } from '../../../src/systems/helm/helm.js';
import { secretValuesIn } from '../../../src/systems/helm/secret-values.js';
import { reportSystem } from '../../support/report.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { stubProgram } from '../program/stub-program.js';

let folder: TemporaryFolder;
let program: string | undefined;
beforeAll(async () => {
  folder = await temporaryFolder('helm-test');
  const place = join(folder.path, 'tmp');
  await mkdir(place);
  vi.stubEnv('TMPDIR', place);
  program = await helmBinary();
  if (program === undefined) return;
  const version = await runCommand(program, ['version', '--short']);
  reportSystem('helm', 'real', `Helm ${version.trim()}`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

const NOT_BUILT = 'Helm is not in the cache; npm run test:real builds it.';
const helm = (context: Pick<TestContext, 'skip'>) =>
  new Helm({ program: program ?? context.skip(NOT_BUILT) });

const files = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

const CHART = files({
  'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.4.2\n',
  'charts/shop/values.yaml': 'image: shop/web:1\nreplicas: 1\n',
  'charts/shop/templates/web.yaml':
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\nspec:\n  replicas: {{ .Values.replicas }}\n  template: {spec: {containers: [{name: web, image: {{ .Values.image | quote }}}]}}\n',
  'charts/shop/templates/job.yaml':
    'apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}\n',
  'charts/shop/crds/widget.yaml':
    'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\n',
  'charts/other/Chart.yaml': 'apiVersion: v2\nname: other\nversion: 1.0.0\n',
});
const INPUT: TemplateInput = {
  chart: { files: CHART, directory: 'charts/shop' },
  releaseName: 'shop',
  namespace: 'shop-prod',
  values: files({
    'base.yaml': 'replicas: 2\nimage: shop/web:2\n',
    'https://example.com/prod.yaml': 'replicas: 3\n',
  }),
};

/** What is in the place for temporary files, which this file has for itself. */
const leftBehind = () => readdir(tmpdir());

describe('a program in place of Helm', () => {
  it('gets the chart and the values, nothing of the environment, and no place of its own outside of the folder', async () => {
    const stub = await stubProgram(
      folder.path,
      'look',
      '/usr/bin/find . -type f; /usr/bin/env; echo "args: $@"',
    );
    const lines = (await new Helm({ program: stub }).template(INPUT)).split('\n');
    expect(lines.filter((line) => line.startsWith('./')).sort()).toEqual([
      './chart/Chart.yaml',
      './chart/crds/widget.yaml',
      './chart/templates/job.yaml',
      './chart/templates/web.yaml',
      './chart/values.yaml',
      './values/0.yaml',
      './values/1.yaml',
    ]);
    const env = new Map(
      lines
        .filter((line) => /^[A-Z_]+=/.test(line))
        .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
    );
    const home = env.get('HOME') ?? expect.fail();
    for (const name of [
      'TMPDIR',
      'KUBECONFIG',
      'HELM_CACHE_HOME',
      'HELM_CONFIG_HOME',
      'HELM_DATA_HOME',
      'HELM_PLUGINS',
      'HELM_REGISTRY_CONFIG',
      'HELM_REPOSITORY_CONFIG',
      'HELM_REPOSITORY_CACHE',
    ]) {
      expect(env.get(name)?.startsWith(home), name).toBe(true);
    }
    expect(env.has('PATH') && env.get('PATH') === process.env.PATH).toBe(false);
    const args = lines.find((line) => line.startsWith('args: ')) ?? '';
    expect(args).toBe(
      `args: template shop ${home}/chart --namespace shop-prod --skip-schema-validation --include-crds --values ${home}/values/0.yaml --values ${home}/values/1.yaml`,
    );
    expect(await leftBehind()).toEqual([]);
  });

  it('gets an archive as it is, and the options asked for', async () => {
    const stub = await stubProgram(folder.path, 'archive', '/bin/cat chart.tgz; echo " args: $@"');
    const text = await new Helm({ program: stub }).template({
      ...INPUT,
      chart: { archive: Buffer.from('bytes') },
      values: new Map(),
      kubeVersion: '1.37.1',
      apiVersions: ['cert-manager.io/v1'],
      includeCrds: false,
    });
    expect(text).toMatch(
      /^bytes args: template shop \S+\/chart\.tgz --namespace shop-prod --skip-schema-validation --kube-version 1\.37\.1 --api-versions cert-manager\.io\/v1\n$/,
    );
  });

  it.each<[string, Partial<TemplateInput>, string]>([
    ['a name of a release that is an option', { releaseName: '--post-renderer=x' }, 'bad-name'],
    ['a name of a release in capitals', { releaseName: 'Shop' }, 'bad-name'],
    ['a namespace that is an option', { namespace: '-n' }, 'bad-name'],
    ['a version that is an option', { kubeVersion: '--x' }, 'bad-name'],
    ['an API version that is an option', { apiVersions: ['--x'] }, 'bad-name'],
    ['a directory without a chart', { chart: { files: CHART, directory: 'charts' } }, 'missing'],
    [
      'a chart with a path that leads out',
      { chart: { files: files({ 'c/Chart.yaml': 'x', 'c/../../x': 'y' }), directory: 'c' } },
      'unreadable',
    ],
    ['an archive that is too large', { chart: { archive: new Uint8Array(33 * 1024 * 1024) } }, 'too-large'],
  ])('is not started for %s', async (_, part, code) => {
    const helmless = new Helm({ program: '/no/such/helm' });
    expect(await cleanTroubleFrom(helmless.template({ ...INPUT, ...part }))).toMatchObject({
      system: 'helm',
      kind: 'invalid',
      code,
    });
  });

  it('is ended when it takes too long or says too much, and asked for when it is not there', async () => {
    const endless = await stubProgram(folder.path, 'endless', '/bin/sleep 600');
    expect(
      await cleanTroubleFrom(new Helm({ program: endless, timeoutMs: 500 }).template(INPUT)),
    ).toMatchObject({ code: 'too-slow' });
    const loud = await stubProgram(folder.path, 'loud', 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxx; done');
    expect(
      await cleanTroubleFrom(new Helm({ program: loud, maxOutputBytes: 10_000 }).template(INPUT)),
    ).toMatchObject({ code: 'too-much-output' });
    const trouble = await cleanTroubleFrom(new Helm({ program: '/no/such/helm' }).template(INPUT));
    expect(trouble.remedy).toContain('systems.helm.program');
    expect(await leftBehind()).toEqual([]);
  });

  it('may repeat values in its errors: those that are secret are blotted out', async () => {
    const stub = await stubProgram(
      folder.path,
      'says',
      'echo "Error: execution error: the password hunter2hunter2 is too short for admin-user" >&2; exit 1',
    );
    const values = files({ 'v.yaml': 'db: {password: hunter2hunter2, user: admin-user}\n' });
    const trouble = await cleanTroubleFrom(
      new Helm({ program: stub }).template({ ...INPUT, values }),
      'hunter2',
    );
    expect(trouble.message).toContain('the password [secret] is too short for admin-user');
  });
});

describe('values that are secret', () => {
  it.each<[string, string[]]>([
    ['password: a\nuser: b\n', ['a']],
    ['auth: {users: [x, y]}\nplain: z\n', ['x', 'y']],
    ['apiKey: k\nclientSecret: s\nTOKEN: t\n', ['k', 's', 't']],
    ['a: [1\n', []],
    [`${'['.repeat(500_000)} word`, ['['.repeat(500_000), 'word']],
  ])('are found by their keys (%#)', (text, expected) => {
    expect(secretValuesIn(text).map((secret) => secret.reveal())).toEqual(expected);
  });
});

describe('the real Helm', () => {
  it('renders a chart with its hooks and definitions; later values win', async (context) => {
    const text = await helm(context).template(INPUT);
    const objects = parseAllDocuments(text).map((document): unknown => document.toJS());
    expect(objects).toMatchObject([
      { kind: 'CustomResourceDefinition' },
      {
        kind: 'Deployment',
        metadata: { name: 'shop', namespace: 'shop-prod' },
        spec: { replicas: 3, template: { spec: { containers: [{ image: 'shop/web:2' }] } } },
      },
      { kind: 'Job' },
    ]);
  });

  it('renders an archive', async (context) => {
    const tool = helm(context);
    const archive = join(folder.path, 'shop.tgz');
    await runCommand('tar', ['-cz', '--transform', 's,^,shop/,', '-C', await laidOut(), '-f', archive, '.']);
    const packed = await readFile(archive);
    const text = await tool.template({ ...INPUT, chart: { archive: packed } });
    expect(text).toContain('kind: Deployment');
  });

  it('says what Helm says of a mistake', async (context) => {
    const chart = {
      files: files({
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n',
        'templates/a.yaml': '{{ fail "no host is given" }}\n',
      }),
      directory: '',
    };
    const trouble = await cleanTroubleFrom(helm(context).template({ ...INPUT, chart }), tmpdir());
    expect(trouble).toMatchObject({ code: 'failed', kind: 'invalid' });
    expect(trouble.message).toContain('no host is given');
  });

  it.for<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'fetch what the chart depends on',
      {
        'Chart.yaml':
          'apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: y, version: 1.0.0, repository: "https://charts.example.com"}]\n',
        'templates/a.yaml': 'a: 1\n',
      },
      /missing in charts/,
    ],
    [
      'look names up',
      {
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n',
        'templates/a.yaml':
          'apiVersion: v1\nkind: X\nmetadata: {name: "found{{ getHostByName "localhost" }}"}\n',
      },
      /name: "found"/,
    ],
    [
      'read files outside of the chart',
      {
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n',
        'templates/a.yaml':
          'apiVersion: v1\nkind: X\nmetadata: {name: "found{{ .Files.Get "../../../../../../etc/passwd" }}"}\n',
      },
      /name: "found"/,
    ],
    [
      'ask a cluster',
      {
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n',
        'templates/a.yaml':
          'apiVersion: v1\nkind: X\nmetadata: {name: "found{{ lookup "v1" "Secret" "shop" "db" }}"}\n',
      },
      /name: "foundmap\[\]"/,
    ],
    [
      'see the environment',
      {
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n',
        'templates/a.yaml': 'a: {{ env "HOME" }}\n',
      },
      /function "env" not defined/,
    ],
  ])('does not %s', async ([, chart, expected], context) => {
    const tool = helm(context);
    const answer = await tool
      .template({ ...INPUT, chart: { files: files(chart), directory: '' }, values: new Map() })
      .catch((error: unknown) => String(error));
    expect(answer).toMatch(expected);
  });

  it('fetches no schema that a chart names, though Helm itself would (positive control)', async (context) => {
    const tool = helm(context);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"type": "object"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const at = server.address();
      if (at === null || typeof at === 'string') throw new Error('no port');
      const chart = files({
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 1.0.0\n',
        'values.schema.json': JSON.stringify({ $ref: `http://127.0.0.1:${at.port}/schema.json` }),
        'templates/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rendered}\n',
      });
      const text = await tool.template({
        ...INPUT,
        chart: { files: chart, directory: '' },
        values: new Map(),
      });
      expect(text).toContain('name: rendered');
      expect(asked).toEqual([]);
      const bare = join(folder.path, 'with-schema');
      for (const [path, content] of chart) {
        await mkdir(dirname(join(bare, path)), { recursive: true });
        await writeFile(join(bare, path), content);
      }
      await runCommand(program ?? '', ['template', 'x', bare]);
      expect(asked).toEqual(['/schema.json']);
    } finally {
      server.close();
    }
  });
});

async function laidOut(): Promise<string> {
  const root = join(folder.path, 'laid-out');
  for (const [path, text] of CHART) {
    if (!path.startsWith('charts/shop/')) continue;
    const target = join(root, path.slice('charts/shop/'.length));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  return root;
}
