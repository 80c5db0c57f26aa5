/** Which kinds belong to the whole cluster, and what becomes of a change to one. */
import { textAt } from '../data.js';
import type { Finding } from '../finding.js';
import type { PolicyRules } from '../policy-rules.js';
import type { RenderedDiff } from '../rendered-diff.js';
import { groupOf, objectTitle, type RenderedObject } from '../rendered-objects.js';

/** Kinds without a namespace by group (source: k8s.io/api 0.37.1, `+genclient:nonNamespaced`, and the CRDs of each project). */
const CLUSTER_KINDS: Readonly<Record<string, readonly string[]>> = {
  '': ['Namespace', 'Node', 'PersistentVolume', 'ComponentStatus'],
  'admissionregistration.k8s.io': [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'internal.apiserver.k8s.io': ['StorageVersion'],
  'networking.k8s.io': ['IngressClass', 'IPAddress', 'ServiceCIDR'],
  'node.k8s.io': ['RuntimeClass'],
  policy: ['PodSecurityPolicy'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'resource.k8s.io': ['DeviceClass', 'DeviceTaintRule', 'ResourceSlice'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
  'storagemigration.k8s.io': ['StorageVersionMigration'],
  'gateway.networking.k8s.io': ['GatewayClass'],
  'snapshot.storage.k8s.io': ['VolumeSnapshotClass', 'VolumeSnapshotContent'],
  'templates.gatekeeper.sh': ['ConstraintTemplate'],
};

/** Groups in which every kind belongs to the cluster. */
const CLUSTER_GROUPS: ReadonlySet<string> = new Set([
  'constraints.gatekeeper.sh',
  'mutations.gatekeeper.sh',
  'expansion.gatekeeper.sh',
]);

/** Kinds whose removal takes data or everything below them with it. */
const TAKES_ALL_ALONG: ReadonlySet<string> = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'PersistentVolume',
]);

/** Kinds of other projects that have no namespace; by custom their names say it. */
const SAYS_SO = /^(?:Cluster|Global)|Clusterwide/;

/**
 * True for an object without a namespace. Of kinds that are not known here a definition that is rendered with them says it;
 * else an object that names a namespace has one, and one that names none is judged by the name of its kind.
 */
export function isClusterKind(
  object: Pick<RenderedObject, 'apiVersion' | 'kind'> & { readonly namespace?: string },
  scopes: Scopes = NO_SCOPES,
): boolean {
  const group = groupOf(object);
  if (CLUSTER_GROUPS.has(group) || CLUSTER_KINDS[group]?.includes(object.kind) === true) return true;
  const scope = scopes.get(`${group}/${object.kind}`);
  if (scope !== undefined) return scope === 'Cluster';
  return group.includes('.') && (object.namespace ?? '') === '' && SAYS_SO.test(object.kind);
}

/** `Cluster` or `Namespaced`, by group and kind. */
export type Scopes = ReadonlyMap<string, string>;
const NO_SCOPES: Scopes = new Map();

/** What definitions among the objects say of their kinds. */
export function scopesIn(objects: readonly RenderedObject[]): Scopes {
  return new Map(
    objects
      .filter((object) => object.kind === 'CustomResourceDefinition')
      .flatMap(({ object }): [string, string][] => {
        const [group, kind] = [textAt(object, 'spec', 'group'), textAt(object, 'spec', 'names', 'kind')];
        const scope = textAt(object, 'spec', 'scope');
        return group === undefined || kind === undefined || scope === undefined
          ? []
          : [[`${group}/${kind}`, scope]];
      }),
  );
}

/** Changes to kinds without a namespace: refused where the rules do not name the kind, shown where they do. */
export function checkClusterKinds(diff: RenderedDiff, rules: PolicyRules): readonly Finding[] {
  const touched = [
    ...diff.added.map((object) => ({ object, what: 'is added' })),
    ...diff.changed.map(({ after }) => ({ object: after, what: 'is changed' })),
    ...diff.removed.map((object) => ({ object, what: 'is removed' })),
  ];
  const scopes = scopesIn(touched.map(({ object }) => object));
  return touched
    .filter(({ object }) => isClusterKind(object, scopes))
    .map(({ object, what }) => {
      const allowed = rules.clusterKinds.includes(object.kind) || isOwnNamespace(object, what, rules);
      const more =
        what === 'is removed' && TAKES_ALL_ALONG.has(object.kind) ? ', and what it holds with it' : '';
      return {
        check: 'cluster-kind' as const,
        object: objectTitle(object),
        message: `an object of the whole cluster ${what}${more}`,
        remedy: allowed
          ? 'Make sure that other applications of the cluster are not affected.'
          : `Take it out of this place, or have ${object.kind} listed in clusterKinds of the path.`,
        level: allowed ? ('warn' as const) : ('refuse' as const),
      };
    });
}

/** The application's own namespaces may come and change with it, but never go. */
function isOwnNamespace(object: RenderedObject, what: string, rules: PolicyRules): boolean {
  return (
    object.kind === 'Namespace' &&
    object.apiVersion === 'v1' &&
    what !== 'is removed' &&
    rules.namespaces.includes(object.name)
  );
}
