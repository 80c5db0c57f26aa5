/**
 * Versions of APIs that Kubernetes has removed or will remove (sources: k8s.io/api 0.37.1,
 * zz_generated.prerelease-lifecycle.go; for groups outside of it the project's own deprecation guide). `*` is every kind.
 */
interface RemovedApi {
  readonly apiVersion: string;
  readonly kinds: readonly string[];
  /** minor version of Kubernetes 1 that no longer serves it */
  readonly removedIn: number;
  /** version to use instead, if there is one */
  readonly instead?: string;
}

const REMOVED: readonly RemovedApi[] = [
  {
    apiVersion: 'extensions/v1beta1',
    kinds: ['DaemonSet', 'Deployment', 'ReplicaSet'],
    removedIn: 16,
    instead: 'apps/v1',
  },
  {
    apiVersion: 'extensions/v1beta1',
    kinds: ['NetworkPolicy'],
    removedIn: 16,
    instead: 'networking.k8s.io/v1',
  },
  { apiVersion: 'extensions/v1beta1', kinds: ['PodSecurityPolicy'], removedIn: 16 },
  { apiVersion: 'extensions/v1beta1', kinds: ['Ingress'], removedIn: 22, instead: 'networking.k8s.io/v1' },
  { apiVersion: 'apps/v1beta1', kinds: ['*'], removedIn: 16, instead: 'apps/v1' },
  { apiVersion: 'apps/v1beta2', kinds: ['*'], removedIn: 16, instead: 'apps/v1' },
  {
    apiVersion: 'admissionregistration.k8s.io/v1alpha1',
    kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
    removedIn: 32,
    instead: 'admissionregistration.k8s.io/v1',
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1alpha1',
    kinds: ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    removedIn: 38,
    instead: 'admissionregistration.k8s.io/v1',
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1beta1',
    kinds: ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
    removedIn: 22,
    instead: 'admissionregistration.k8s.io/v1',
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1beta1',
    kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
    removedIn: 34,
    instead: 'admissionregistration.k8s.io/v1',
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1beta1',
    kinds: ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    removedIn: 40,
    instead: 'admissionregistration.k8s.io/v1',
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1beta1',
    kinds: ['*'],
    removedIn: 22,
    instead: 'apiextensions.k8s.io/v1',
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1beta1',
    kinds: ['*'],
    removedIn: 22,
    instead: 'apiregistration.k8s.io/v1',
  },
  {
    apiVersion: 'authentication.k8s.io/v1beta1',
    kinds: ['TokenReview'],
    removedIn: 22,
    instead: 'authentication.k8s.io/v1',
  },
  {
    apiVersion: 'authorization.k8s.io/v1beta1',
    kinds: ['*'],
    removedIn: 22,
    instead: 'authorization.k8s.io/v1',
  },
  { apiVersion: 'autoscaling/v2beta1', kinds: ['*'], removedIn: 25, instead: 'autoscaling/v2' },
  { apiVersion: 'autoscaling/v2beta2', kinds: ['*'], removedIn: 26, instead: 'autoscaling/v2' },
  { apiVersion: 'batch/v2alpha1', kinds: ['*'], removedIn: 21, instead: 'batch/v1' },
  { apiVersion: 'batch/v1beta1', kinds: ['CronJob'], removedIn: 25, instead: 'batch/v1' },
  {
    apiVersion: 'certificates.k8s.io/v1beta1',
    kinds: ['CertificateSigningRequest'],
    removedIn: 22,
    instead: 'certificates.k8s.io/v1',
  },
  {
    apiVersion: 'certificates.k8s.io/v1alpha1',
    kinds: ['ClusterTrustBundle'],
    removedIn: 37,
    instead: 'certificates.k8s.io/v1beta1',
  },
  {
    apiVersion: 'certificates.k8s.io/v1beta1',
    kinds: ['ClusterTrustBundle', 'PodCertificateRequest'],
    removedIn: 40,
    instead: 'certificates.k8s.io/v1',
  },
  {
    apiVersion: 'coordination.k8s.io/v1beta1',
    kinds: ['Lease'],
    removedIn: 22,
    instead: 'coordination.k8s.io/v1',
  },
  {
    apiVersion: 'coordination.k8s.io/v1alpha2',
    kinds: ['LeaseCandidate'],
    removedIn: 38,
    instead: 'coordination.k8s.io/v1beta1',
  },
  { apiVersion: 'coordination.k8s.io/v1beta1', kinds: ['LeaseCandidate'], removedIn: 39 },
  { apiVersion: 'discovery.k8s.io/v1beta1', kinds: ['*'], removedIn: 25, instead: 'discovery.k8s.io/v1' },
  { apiVersion: 'events.k8s.io/v1beta1', kinds: ['*'], removedIn: 25, instead: 'events.k8s.io/v1' },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta1',
    kinds: ['*'],
    removedIn: 26,
    instead: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta2',
    kinds: ['*'],
    removedIn: 29,
    instead: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta3',
    kinds: ['*'],
    removedIn: 32,
    instead: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'networking.k8s.io/v1beta1',
    kinds: ['Ingress', 'IngressClass'],
    removedIn: 22,
    instead: 'networking.k8s.io/v1',
  },
  {
    apiVersion: 'networking.k8s.io/v1beta1',
    kinds: ['IPAddress', 'ServiceCIDR'],
    removedIn: 37,
    instead: 'networking.k8s.io/v1',
  },
  { apiVersion: 'node.k8s.io/v1beta1', kinds: ['*'], removedIn: 25, instead: 'node.k8s.io/v1' },
  {
    apiVersion: 'policy/v1beta1',
    kinds: ['PodDisruptionBudget', 'Eviction'],
    removedIn: 25,
    instead: 'policy/v1',
  },
  { apiVersion: 'policy/v1beta1', kinds: ['PodSecurityPolicy'], removedIn: 25 },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1alpha1',
    kinds: ['*'],
    removedIn: 22,
    instead: 'rbac.authorization.k8s.io/v1',
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1beta1',
    kinds: ['*'],
    removedIn: 22,
    instead: 'rbac.authorization.k8s.io/v1',
  },
  { apiVersion: 'resource.k8s.io/v1beta1', kinds: ['*'], removedIn: 38, instead: 'resource.k8s.io/v1' },
  {
    apiVersion: 'resource.k8s.io/v1beta2',
    kinds: ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
    removedIn: 39,
    instead: 'resource.k8s.io/v1',
  },
  {
    apiVersion: 'scheduling.k8s.io/v1alpha1',
    kinds: ['PriorityClass'],
    removedIn: 22,
    instead: 'scheduling.k8s.io/v1',
  },
  {
    apiVersion: 'scheduling.k8s.io/v1beta1',
    kinds: ['PriorityClass'],
    removedIn: 22,
    instead: 'scheduling.k8s.io/v1',
  },
  {
    apiVersion: 'storage.k8s.io/v1alpha1',
    kinds: ['CSIStorageCapacity', 'VolumeAttachment'],
    removedIn: 24,
    instead: 'storage.k8s.io/v1',
  },
  {
    apiVersion: 'storage.k8s.io/v1alpha1',
    kinds: ['VolumeAttributesClass'],
    removedIn: 35,
    instead: 'storage.k8s.io/v1',
  },
  {
    apiVersion: 'storage.k8s.io/v1beta1',
    kinds: ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
    removedIn: 22,
    instead: 'storage.k8s.io/v1',
  },
  {
    apiVersion: 'storage.k8s.io/v1beta1',
    kinds: ['CSIStorageCapacity'],
    removedIn: 27,
    instead: 'storage.k8s.io/v1',
  },
  {
    apiVersion: 'storage.k8s.io/v1beta1',
    kinds: ['VolumeAttributesClass'],
    removedIn: 37,
    instead: 'storage.k8s.io/v1',
  },
  {
    apiVersion: 'storagemigration.k8s.io/v1beta1',
    kinds: ['*'],
    removedIn: 40,
    instead: 'storagemigration.k8s.io/v1',
  },
];

/** Groups and versions of other projects that no supported release of theirs reads. */
const GONE_ELSEWHERE: Readonly<Record<string, string>> = {
  'certmanager.k8s.io/v1alpha1': 'cert-manager.io/v1',
  'cert-manager.io/v1alpha2': 'cert-manager.io/v1',
  'cert-manager.io/v1alpha3': 'cert-manager.io/v1',
  'cert-manager.io/v1beta1': 'cert-manager.io/v1',
  'flux.weave.works/v1beta1': 'helm.toolkit.fluxcd.io/v2',
  'helm.fluxcd.io/v1': 'helm.toolkit.fluxcd.io/v2',
  'external-secrets.io/v1alpha1': 'external-secrets.io/v1',
  'external-secrets.io/v1beta1': 'external-secrets.io/v1',
  'kubernetes-client.io/v1': 'external-secrets.io/v1',
};

/** The newest version of Kubernetes that the table knows. */
export const NEWEST_MINOR = 37;

export interface Removal {
  /** e.g. `1.25`, or undefined when it is not Kubernetes' own */
  readonly removedIn: string | undefined;
  /** false: still served by the newest version known here, but its end is announced */
  readonly gone: boolean;
  readonly instead: string | undefined;
}

/**
 * What is known about the end of an API.
 * @param minor minor version of Kubernetes 1 that the target runs
 * @returns undefined for one that stays
 */
export function removalOf(
  apiVersion: string,
  kind: string,
  minor: number = NEWEST_MINOR,
): Removal | undefined {
  const elsewhere = GONE_ELSEWHERE[apiVersion];
  if (elsewhere !== undefined) return { removedIn: undefined, gone: true, instead: elsewhere };
  const found = REMOVED.find(
    (api) => api.apiVersion === apiVersion && (api.kinds.includes(kind) || api.kinds.includes('*')),
  );
  if (found === undefined) return undefined;
  return { removedIn: `1.${found.removedIn}`, gone: found.removedIn <= minor, instead: found.instead };
}
