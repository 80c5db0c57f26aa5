/** What must stand in the Helm values of a cluster, by the mode of its file. */
import type { ClusterTarget } from './request.js';

/** The Kubernetes secret that the ExternalSecret makes in every cluster, and its keys. */
export const KUBERNETES_SECRET = {
  name: 'otterize-cloud',
  clientIdKey: 'clientId',
  clientSecretKey: 'clientSecret',
} as const;

/**
 * Values by dotted path below the root of the file (source: Otterize's Helm chart, `global.otterizeCloud.credentials`).
 * @param clientId needed in mode `client-id`; undefined while planning, then only the path is known
 */
export function wantedValues(
  values: ClusterTarget['values'],
  clientId: string | undefined,
): ReadonlyMap<string, string | undefined> {
  return values.mode === 'client-id'
    ? new Map([[`${values.key}.clientId`, clientId]])
    : new Map([
        [`${values.key}.clientSecretKeyRef.secretName`, KUBERNETES_SECRET.name],
        [`${values.key}.clientSecretKeyRef.secretKey`, KUBERNETES_SECRET.clientSecretKey],
        [`${values.key}.clientSecretKeyRef.clientIdKey`, KUBERNETES_SECRET.clientIdKey],
      ]);
}

/** Path at which a client secret must never stand in Git: the chart would render it into a Secret. */
export function forbiddenPath(values: ClusterTarget['values']): string {
  return `${values.key}.clientSecret`;
}
