import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type ChartFiles, chartContent } from '../../../sandbox/harbor/artifact-content.js';
import { helmBinary } from '../../../sandbox/stack/helm-binary.js';
import { SystemError } from '../../../src/domain/failure.js';
import { digestOfRendered } from '../../../src/planning/rendering/digest.js';
import { checkRendered } from '../../../src/planning/rendering/policy-checks.js';
import { type ChartOptions, renderCharts } from '../../../src/planning/rendering/render-charts.js';
import { diffRendered } from '../../../src/planning/rendering/rendered-diff.js';
import { objectTitle, parseRendered } from '../../../src/planning/rendering/rendered-objects.js';
import { Helm } from '../../../src/systems/helm/helm.js';
import { troubleOf } from '../../../src/systems/http/trouble.js';

const CANARY = 'canary-of-the-chart';
const CLASSIC = 'https://charts.example.com/stable';
const CHART = { name: 'cache', repository: 'oci://registry.example.com/charts' };

let program: string | undefined;
beforeAll(async () => {
  program = await helmBinary();
});

const helm = (context: Pick<TestContext, 'skip'>) =>
  new Helm({ program: program ?? context.skip('Helm is built by npm run test:real') });

const TEMPLATES: ChartFiles = {
  values: 'memory: 32Mi\npassword: none\n',
  templates: {
    'deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec:
      containers:
        - name: cache
          image: registry.example.com/cache:{{ .Chart.AppVersion }}
          resources: {limits: {memory: {{ .Values.memory }}}}
`,
    'secret.yaml': `apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: {{ .Values.password }}, salt: {{ randAlphaNum 12 }}}
`,
    'role.yaml': `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }}}
rules: []
`,
  },
};

type Registry = NonNullable<ChartOptions['registry']>;

/** A registry, and a repository with an index, that have some versions of one chart. */
function registry(versions: Readonly<Record<string, ChartFiles>>): Registry {
  const pull: Registry['pullChart'] = async (repository, version) => {
    const files = versions[version];
    if (files === undefined || repository !== `${CHART.repository}/${CHART.name}`) return null;
    const content = chartContent(CHART.name, version, files);
    const archive = content.blobs[0]?.bytes ?? Buffer.alloc(0);
    return { digest: content.top.digest, archive };
  };
  return {
    pullChart: pull,
    pullClassicChart: (repository, chart, version) =>
      pull(`${repository.replace(CLASSIC, CHART.repository)}/${chart}`, version),
  };
}

/** A registry that fails at every chart. */
function failing(error: () => Error): Registry {
  const fail = () => Promise.reject(error());
  return { pullChart: fail, pullClassicChart: fail };
}

const BOTH = { '1.0.0': TEMPLATES, '1.1.0': TEMPLATES };

function release(version: string, more = ''): string {
  return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cache, namespace: basket}
spec:
  interval: 1h
  chart: {spec: {chart: cache, version: "${version}", sourceRef: {kind: HelmRepository, name: charts}}}
${more}`;
}

function rendered(
  before: string,
  after: string,
  options: Partial<ChartOptions> & Pick<ChartOptions, 'helm'>,
) {
  return renderCharts(parseRendered(before), parseRendered(after), {
    registry: registry(BOTH),
    charts: [CHART],
    namespace: 'flux-system',
    ...options,
  });
}

describe('charts of HelmReleases', () => {
  it('show what another version of the chart changes in the cluster', async (context) => {
    const { before, after, findings } = await rendered(release('1.0.0'), release('1.1.0'), {
      helm: helm(context),
    });
    const diff = diffRendered(before, after);
    expect(diff.text).toMatch(/^-.*image: registry\.example\.com\/cache:1\.0\.0$/m);
    expect(diff.text).toMatch(/^\+.*image: registry\.example\.com\/cache:1\.1\.0$/m);
    expect(after.map(objectTitle).sort()).toEqual([
      'ClusterRole cache',
      'Deployment basket/cache',
      'Secret basket/cache',
    ]);
    expect(findings).toEqual([]);
  });

  it('come from a repository with an index as well', async (context) => {
    const { after, findings } = await rendered(release('1.0.0'), release('1.1.0'), {
      helm: helm(context),
      charts: [{ ...CHART, repository: CLASSIC }],
    });
    expect(after).toHaveLength(3);
    expect(findings).toEqual([]);
  });

  it('are rendered with the values of the release, of which no secret is shown', async (context) => {
    const values = `  values: {memory: 64Mi, password: ${CANARY}}\n`;
    const result = await rendered(release('1.0.0'), release('1.0.0', values), { helm: helm(context) });
    const diff = diffRendered(result.before, result.after);
    expect(diff.text).toContain('memory: 64Mi');
    expect(JSON.stringify([result, diff])).not.toContain(CANARY);
  });

  it('take values of a ConfigMap that is rendered with them, and say what they do not know', async (context) => {
    const from = '  valuesFrom: [{kind: ConfigMap, name: sizes}, {kind: Secret, name: login}]\n';
    const sizes =
      '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: sizes, namespace: basket}\ndata: {values.yaml: "memory: 96Mi"}\n';
    const { after, findings } = await rendered(release('1.0.0'), release('1.0.0', from) + sizes, {
      helm: helm(context),
    });
    expect(JSON.stringify(after)).toContain('96Mi');
    expect(findings).toMatchObject([{ check: 'chart', message: expect.stringContaining('Secret login') }]);
  });

  it('are left alone where the release stays as it is', async (context) => {
    const asked = failing(() => new Error('nothing is to be fetched'));
    const result = await rendered(release('1.0.0'), release('1.0.0'), {
      helm: helm(context),
      registry: asked,
    });
    expect(result).toEqual({ before: [], after: [], digests: [], findings: [], isWhole: false });
  });

  it('count by their digest, so that random values do not look like a change', async (context) => {
    const digests = [];
    for (const _ of [1, 2]) {
      const result = await rendered(release('1.0.0'), release('1.1.0'), { helm: helm(context) });
      digests.push(digestOfRendered(parseRendered(release('1.1.0')), result.digests));
    }
    expect(digests[0]).toBe(digests[1]);
    const other = registry({ ...BOTH, '1.1.0': { ...TEMPLATES, values: 'memory: 1Gi\npassword: none\n' } });
    const moved = await rendered(release('1.0.0'), release('1.1.0'), {
      helm: helm(context),
      registry: other,
    });
    expect(digestOfRendered(parseRendered(release('1.1.0')), moved.digests)).not.toBe(digests[0]);
  });

  it('are judged like all else, but for values of Secrets, which do not stand in Git', async (context) => {
    const { before, after } = await rendered(release('1.0.0'), release('1.1.0'), { helm: helm(context) });
    const added = after.filter(({ kind }) => kind !== 'ClusterRole');
    const rules = { clusterKinds: [], namespaces: ['basket'], undigestedImages: 'warn' } as const;
    const judged = checkRendered(after, diffRendered([], after), rules, new Set(after));
    expect(judged.map(({ check }) => check)).toContain('cluster-kind');
    expect(judged.map(({ check }) => check)).not.toContain('plain-secret');
    // the control: without being told, they are
    expect(checkRendered(added, diffRendered(before, added), rules).map(({ check }) => check)).toContain(
      'plain-secret',
    );
  });
});

describe('charts that cannot be rendered', () => {
  it('stop the plan when the new version is not in the registry, and not when the old one has gone', async (context) => {
    const options = { helm: helm(context), registry: registry({ '1.0.0': TEMPLATES }) };
    await expect(rendered(release('1.0.0'), release('1.1.0'), options)).rejects.toThrow(
      'HelmRelease basket/cache (chart cache 1.1.0): the chart is not in oci://registry.example.com/charts',
    );
    const { before, after } = await rendered(release('1.1.0'), release('1.0.0'), options);
    expect([before.length, after.length]).toEqual([0, 3]);
  });

  it('stop the plan when the chart does not take the values', async (context) => {
    const values = `  values: {memory: {wrong: ${CANARY}}, password: ${CANARY}}\n`;
    const broken = { ...TEMPLATES, templates: { 'a.yaml': '{{ fail "memory is no quantity" }}' } };
    const options = { helm: helm(context), registry: registry({ '1.0.0': TEMPLATES, '1.1.0': broken }) };
    const failed = rendered(release('1.0.0'), release('1.1.0', values), options);
    await expect(failed).rejects.toThrow('memory is no quantity');
    await expect(failed).rejects.not.toThrow(CANARY);
  });

  it('are told of where there is no Helm, another chart, or a registry that sends archives from elsewhere', async (context) => {
    const without = await rendered(release('1.0.0'), release('1.1.0'), { helm: undefined });
    expect(without.findings).toMatchObject([{ remedy: expect.stringContaining('systems.helm') }]);
    const foreign = await rendered(release('1.0.0'), release('1.1.0'), { helm: helm(context), charts: [] });
    expect(foreign.findings).toMatchObject([{ message: 'its chart is not one of the path' }]);
    const subject = { system: 'registry', operation: 'pull chart', object: 'cache' } as const;
    const elsewhere = failing(() => new SystemError(troubleOf(subject, 'invalid', 'an answer with 307')));
    const told = await rendered(release('1.0.0'), release('1.1.0'), {
      helm: helm(context),
      registry: elsewhere,
    });
    expect(told.findings).toMatchObject([{ message: expect.stringContaining('307') }]);
    const away = failing(() => new SystemError(troubleOf(subject, 'unavailable', 'no answer')));
    const failed = rendered(release('1.0.0'), release('1.1.0'), { helm: helm(context), registry: away });
    await expect(failed).rejects.toThrow(SystemError);
  });
});
