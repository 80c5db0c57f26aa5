/** What a place may contain. */

export interface PolicyRules {
  /** kinds without a namespace that may be changed */
  readonly clusterKinds: readonly string[];
  readonly namespaces: readonly string[];
  /** namespace of objects that name none, as the delivery has it; unset: such objects are warned of */
  readonly defaultNamespace?: string;
  /** what an image with a tag but without a digest means; `latest` and no tag at all are always refused */
  readonly undigestedImages: 'refuse' | 'warn';
  /** minor version of Kubernetes 1 that the target runs; unset: the newest one known */
  readonly kubernetesMinor?: number;
}
