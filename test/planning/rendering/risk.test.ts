import { describe, expect, it } from 'vitest';
import { checkRendered } from '../../../src/planning/rendering/policy-checks.js';
import { riskOf } from '../../../src/planning/rendering/risk.js';
import { changeOf, DIGEST, deployment, IMAGE, object, RULES, rendered } from './objects.js';

function risk(before: readonly object[], after: readonly object[]) {
  const diff = changeOf(before, after);
  return riskOf(diff, checkRendered(rendered(...after), diff, { ...RULES, clusterKinds: ['ClusterRole'] }));
}

const stateful = (size: string) =>
  object('apps/v1', 'StatefulSet', {
    spec: { volumeClaimTemplates: [{ spec: { resources: { requests: { storage: size } } } }] },
  });

describe('riskOf', () => {
  it.each<[string, readonly object[], readonly object[], string]>([
    [
      'another image',
      [deployment()],
      [deployment(`registry.example.com/shop/web@${DIGEST.replace('9', '8')}`)],
      '1 objects are changed and 0 added, nothing else',
    ],
    [
      'a ConfigMap more',
      [deployment()],
      [deployment(), object('v1', 'ConfigMap')],
      '0 objects are changed and 1 added, nothing else',
    ],
    ['nothing', [deployment()], [deployment()], 'nothing changes in the cluster'],
    [
      'fewer replicas',
      [deployment()],
      [deployment(IMAGE, { replicas: 1 })],
      '1 objects are changed and 0 added, nothing else',
    ],
  ])('is low for %s', (_, before, after, reason) => {
    expect(risk(before, after)).toEqual({ level: 'low', reasons: [reason] });
  });

  it.each<[string, readonly object[], readonly object[], RegExp]>([
    ['a removal', [deployment(), object('v1', 'Service')], [deployment()], /^Service shop\/web: is removed$/],
    ['a migration', [], [object('batch/v1', 'Job', {}, 'm')], /^Job shop\/m: runs once/],
    [
      'a kind of the cluster that is allowed',
      [],
      [object('rbac.authorization.k8s.io/v1', 'ClusterRole', {}, 'r', '')],
      /^ClusterRole r: belongs to the whole cluster$/,
    ],
    ['a refusal', [], [deployment('shop/web:latest')], /^a check refuses it$/],
    [
      'rights',
      [object('rbac.authorization.k8s.io/v1', 'RoleBinding')],
      [object('rbac.authorization.k8s.io/v1', 'RoleBinding', { subjects: [] })],
      /^RoleBinding shop\/web: changes what may be done/,
    ],
    ['network rules', [], [object('networking.k8s.io/v1', 'NetworkPolicy')], /^NetworkPolicy shop\/web: /],
    ['its namespace', [], [object('v1', 'Namespace', {}, 'shop', '')], /^Namespace shop: is a namespace$/],
    ['storage', [stateful('1Gi')], [stateful('2Gi')], /^StatefulSet shop\/web: changes its storage$/],
    [
      'nothing left running',
      [deployment()],
      [deployment(IMAGE, { replicas: 0 })],
      /^Deployment shop\/web: is scaled to nothing$/,
    ],
    [
      'more than is shown',
      [object('v1', 'ConfigMap')],
      [
        object('v1', 'ConfigMap', {
          data: Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`k${n}`, 'v'])),
        }),
      ],
      /^\d+ lines of the difference are not shown$/,
    ],
  ])('is high for %s', (_, before, after, reason) => {
    const { level, reasons } = risk(before, after);
    expect(level).toBe('high');
    expect(
      reasons.some((line) => reason.test(line)),
      reasons.join('\n'),
    ).toBe(true);
  });

  it('names a few objects and counts the others', () => {
    const many = Array.from({ length: 9 }, (_, n) => object('v1', 'Service', {}, `s${n}`));
    expect(risk(many, []).reasons).toEqual([
      'Service shop/s0, Service shop/s1, Service shop/s2 and 6 more: is removed',
    ]);
  });
});
