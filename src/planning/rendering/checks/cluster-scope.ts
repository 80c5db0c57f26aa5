/** Which kinds belong to the whole cluster, and what becomes of a change to one. */
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

/** True for a kind without a namespace. By custom such kinds of other projects begin with `Cluster`. */
export function isClusterKind(object: Pick<RenderedObject, 'apiVersion' | 'kind'>): boolean {
  const group = groupOf(object);
  return (
    CLUSTER_GROUPS.has(group) ||
    CLUSTER_KINDS[group]?.includes(object.kind) === true ||
    (group.includes('.') && object.kind.startsWith('Cluster'))
  );
}

/** Changes to kinds without a namespace: refused where the rules do not name the kind, shown where they do. */
export function checkClusterKinds(diff: RenderedDiff, rules: PolicyRules): readonly Finding[] {
  const touched = [
    ...diff.added.map((object) => ({ object, what: 'is added' })),
    ...diff.changed.map(({ after }) => ({ object: after, what: 'is changed' })),
    ...diff.removed.map((object) => ({ object, what: 'is removed' })),
  ];
  return touched
    .filter(({ object }) => isClusterKind(object))
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
