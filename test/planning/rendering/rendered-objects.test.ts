import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { digestOfRendered } from '../../../src/planning/rendering/digest.js';
import { imagesOf, workloadsOf } from '../../../src/planning/rendering/images.js';
import { diffRendered } from '../../../src/planning/rendering/rendered-diff.js';
import {
  hasPlainValues,
  objectTitle,
  parseRendered,
  RenderedError,
} from '../../../src/planning/rendering/rendered-objects.js';
import { deployment, IMAGE, object, rendered } from './objects.js';

function refusal(text: string): RenderedError {
  try {
    parseRendered(text);
  } catch (error) {
    if (error instanceof RenderedError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('parseRendered', () => {
  it('reads documents, passes over empty ones and opens lists', () => {
    const text = `---\n# nothing\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}\n- {apiVersion: batch/v1, kind: Job, metadata: {generateName: run-}}\n`;
    expect(parseRendered(text).map(objectTitle)).toEqual(['Namespace shop', 'Service shop/web', 'Job run-']);
  });

  it('reads nothing as nothing', () => {
    expect(parseRendered('')).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['no YAML', 'a: [\n', 'not valid YAML'],
    ['a key that stands twice', 'apiVersion: v1\nkind: Pod\nkind: Job\nmetadata: {name: a}\n', 'line 3'],
    ['no object', 'a: 1\n', 'no Kubernetes object'],
    ['an object without a name', 'apiVersion: v1\nkind: Pod\n', '(Pod)'],
    ['text', 'hello\n', 'no Kubernetes object'],
    ['nesting without end', '['.repeat(1_000_000), 'nested too deeply'],
    [
      'an alias bomb',
      `l0: &l0 [x, x]\n${Array.from({ length: 30 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n}, *l${n}, *l${n}]`).join('\n')}\n`,
      'aliases without end',
    ],
    ['too much', `a: "${'x'.repeat(5 * 1024 * 1024)}"`, 'more than 4 MiB'],
  ])('refuses %s', (_, text, message) => {
    const error = refusal(text);
    expect(error.message).toContain(message);
    expect(error.remedy).not.toBe('');
  });

  it('keeps a key that would change prototypes as plain data', () => {
    const [found] = parseRendered(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {__proto__: {polluted: "yes"}}\n',
    );
    expect(JSON.stringify(found?.object)).toContain('polluted');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('values of Secrets', () => {
  const CANARY = 'canary-3f9a7c';
  const ENCODED = Buffer.from(CANARY).toString('base64');
  const secret = (password: string, more: object = {}) =>
    object('v1', 'Secret', {
      metadata: {
        name: 's',
        namespace: 'shop',
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ stringData: { password } }),
        },
      },
      type: 'Opaque',
      data: { password: Buffer.from(password).toString('base64'), 'tls.crt': 'c2FtZQ==' },
      stringData: { user: password },
      ...more,
    });

  it('are nowhere in what is read, compared or digested', () => {
    const before = rendered(secret(CANARY));
    const after = rendered(secret(`${CANARY}-2`));
    const seen = [
      inspect(before, { depth: 20, showHidden: true }),
      JSON.stringify(before),
      diffRendered(before, after).text,
      diffRendered([], before).text,
      diffRendered(before, []).text,
      digestOfRendered(before),
    ].join('\n');
    expect(seen).not.toContain(CANARY);
    expect(seen).not.toContain(ENCODED.slice(0, -2));
  });

  it('are compared all the same', () => {
    const { text, changed } = diffRendered(rendered(secret('one')), rendered(secret('two')));
    expect(changed).toHaveLength(1);
    expect(text).toContain('password: (redacted, changed)');
    expect(text).toContain('tls.crt: (redacted, same)');
    expect(diffRendered(rendered(secret('one')), rendered(secret('one')))).toMatchObject({
      changed: [],
      unchanged: 1,
      text: '',
    });
  });

  it('leave no trace in a digest, which would give short ones away', () => {
    expect(digestOfRendered(rendered(secret('one')))).toBe(digestOfRendered(rendered(secret('two'))));
  });

  it.each<[string, object, boolean]>([
    ['a value', secret('x'), true],
    ['data that is no map', object('v1', 'Secret', { data: 'x' }), true],
    ['no values', object('v1', 'Secret', { type: 'kubernetes.io/service-account-token' }), false],
    ['empty values', object('v1', 'Secret', { stringData: { a: '' } }), false],
    [
      'values that SOPS encrypted',
      object('v1', 'Secret', { stringData: { a: 'ENC[AES256_GCM,data:x]' }, sops: { mac: 'x' } }),
      false,
    ],
    [
      'one value that SOPS forgot',
      object('v1', 'Secret', { stringData: { a: 'ENC[x]', b: 'y' }, sops: {} }),
      true,
    ],
    ['another kind of that name', object('example.com/v1', 'Secret', { data: { a: 'x' } }), false],
  ])('stand in Git: %s', (_, manifest, expected) => {
    expect(rendered(manifest).some(hasPlainValues)).toBe(expected);
  });

  const cluster = (config: object | string) => ({
    ...object('v1', 'Secret', {
      stringData: {
        name: 'k8s-shop',
        server: 'https://x',
        config: typeof config === 'string' ? config : JSON.stringify(config),
      },
    }),
    metadata: { name: 'c', labels: { 'argocd.argoproj.io/secret-type': 'cluster' } },
  });
  it.each<[string, object | string, boolean]>([
    [
      'a program and a certificate authority',
      {
        execProviderConfig: { command: 'token', args: ['x'], apiVersion: 'client.authentication.k8s.io/v1' },
        tlsClientConfig: { caData: 'x', insecure: false },
      },
      false,
    ],
    ['a token', { bearerToken: 'x' }, true],
    ['a token in another case', { BearerToken: 'x' }, true],
    ['a password', { username: 'a', password: 'b' }, true],
    ['a private key', { tlsClientConfig: { caData: 'x', keyData: 'y' } }, true],
    ['variables of the program', { execProviderConfig: { command: 'x', env: { TOKEN: 'y' } } }, true],
    ['no JSON', 'token: x', true],
  ])('of a cluster of Argo CD, with %s', (_, config, expected) => {
    expect(rendered(cluster(config)).some(hasPlainValues)).toBe(expected);
  });
});

describe('digestOfRendered', () => {
  const one = deployment();
  const other = object('v1', 'ConfigMap', { data: { a: '1', b: '2' } });

  it('is the same whatever the order of documents and keys', () => {
    const turned = {
      data: { b: '2', a: '1' },
      metadata: { namespace: 'shop', name: 'web' },
      kind: 'ConfigMap',
      apiVersion: 'v1',
    };
    expect(digestOfRendered(rendered(one, other))).toBe(digestOfRendered(rendered(turned, one)));
    expect(digestOfRendered(rendered(one, other))).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, readonly object[]]>([
    ['a value', [one, { ...other, data: { a: '1', b: '3' } }]],
    ['a type', [one, { ...other, data: { a: '1', b: 2 } }]],
    ['an object less', [one]],
    ['an object twice', [one, other, other]],
    ['a version', [one, { ...other, apiVersion: 'v2' }]],
    ['the order of a list', [deployment(IMAGE, { tolerations: [1, 2] }), other]],
  ])('is another one for %s', (_, objects) => {
    expect(digestOfRendered(rendered(...objects))).not.toBe(digestOfRendered(rendered(one, other)));
  });
});

describe('images and workloads', () => {
  const pod = (list: string) => ({ [list]: [{ name: list, image: `example.com/${list}:1` }] });
  it('are found in every kind that runs pods and every list of containers', () => {
    const template = {
      template: { spec: { ...pod('initContainers'), ...pod('containers'), ...pod('ephemeralContainers') } },
    };
    const objects = rendered(
      object('apps/v1', 'Deployment', { spec: template }),
      object('apps/v1', 'StatefulSet', { spec: template }),
      object('apps/v1', 'DaemonSet', { spec: template }),
      object('batch/v1', 'Job', { spec: template }),
      object('batch/v1', 'CronJob', { spec: { jobTemplate: { spec: template } } }),
      object('argoproj.io/v1alpha1', 'Rollout', { spec: template }),
      object('v1', 'Pod', { spec: template.template.spec }),
      object('extensions/v1beta1', 'Deployment', { spec: template }, 'old'),
    );
    expect(workloadsOf(objects).map(({ kind }) => kind)).toEqual([
      'Deployment',
      'StatefulSet',
      'DaemonSet',
      'Job',
      'CronJob',
      'Rollout',
      'Pod',
      'Deployment',
    ]);
    expect(imagesOf(objects)).toHaveLength(8 * 3);
    expect(
      imagesOf(objects)
        .slice(0, 3)
        .map(({ list, image, container }) => [list, image, container]),
    ).toEqual([
      ['initContainers', 'example.com/initContainers:1', 'initContainers'],
      ['containers', 'example.com/containers:1', 'containers'],
      ['ephemeralContainers', 'example.com/ephemeralContainers:1', 'ephemeralContainers'],
    ]);
  });

  it('are not taken from kinds that only look like one, or that refer to another', () => {
    const objects = rendered(
      object('example.com/v1', 'Deployment', { spec: { template: { spec: pod('containers') } } }),
      object('argoproj.io/v1alpha1', 'Rollout', {
        spec: { workloadRef: { kind: 'Deployment', name: 'web' } },
      }),
      object('v1', 'ConfigMap', { spec: pod('containers') }),
    );
    expect(imagesOf(objects)).toEqual([]);
    expect(workloadsOf(objects).map(({ kind, images }) => [kind, images])).toEqual([['Rollout', []]]);
  });
});
