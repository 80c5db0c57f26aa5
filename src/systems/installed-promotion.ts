/** Makes the clients that promotions need from the installation. What is not configured is absent. */
import { type Installation, InstallationError, readSecret } from '../config/installation.js';
import { GitLabMergeRequests } from './gitlab/merge-requests.js';
import { GitLabRepositories } from './gitlab/repositories.js';
import { HarborClient } from './harbor/client.js';
import { Helm } from './helm/helm.js';
import { HttpChecks } from './http-check/http-checks.js';
import { bucketOf, tokenIn } from './installed-login.js';
import type { KubernetesConnection } from './kubernetes/connection.js';
import { Jobs } from './kubernetes/jobs.js';
import { Kustomize } from './kustomize/kustomize.js';
import { PrometheusClient } from './prometheus/client.js';
import { RegistryClient } from './registry/client.js';
import { Secret } from './secret.js';
import { ChangeRecords } from './servicenow/change-records.js';

export interface InstalledForPromotion {
  readonly repositories: GitLabRepositories;
  readonly mergeRequests: GitLabMergeRequests;
  readonly kustomize: Kustomize | undefined;
  readonly helm: Helm | undefined;
  readonly registry: RegistryClient | undefined;
  readonly harbor: HarborClient | undefined;
  readonly changeRecords: ChangeRecords | undefined;
  readonly httpChecks: HttpChecks | undefined;
  readonly prometheus: PrometheusClient | undefined;
  readonly connectionOf: (name: string) => KubernetesConnection;
  readonly jobsOf: (connection: string) => Jobs;
}

/**
 * @param connections by name, as `installedSystems` made them
 * @throws InstallationError when a secret file cannot be read, later also for a connection that is not configured
 */
export function installedForPromotion(
  { systems }: Installation,
  connections: ReadonlyMap<string, KubernetesConnection>,
): InstalledForPromotion {
  const gitlab = {
    baseUrl: systems.gitlab.url,
    token: tokenIn(systems.gitlab.tokenFile),
    ...bucketOf(systems.gitlab.callsPerSecond),
  };
  const connectionOf = (name: string): KubernetesConnection => {
    const found = connections.get(name);
    if (found !== undefined) return found;
    throw new InstallationError(`A path names the Kubernetes connection ${name}, which is not configured.`);
  };
  const { registry, harbor, servicenow, checks } = systems;
  return {
    repositories: new GitLabRepositories(gitlab),
    mergeRequests: new GitLabMergeRequests(gitlab),
    kustomize: systems.kustomize && new Kustomize(systems.kustomize),
    helm: systems.helm && new Helm(systems.helm),
    registry:
      registry &&
      new RegistryClient({
        hosts: registry.hosts.map(({ host, usernameFile, passwordFile, insecure, callsPerSecond }) => ({
          host,
          insecure: insecure ?? false,
          ...(usernameFile === undefined || passwordFile === undefined
            ? {}
            : { credential: loginIn(usernameFile, passwordFile) }),
          ...bucketOf(callsPerSecond),
        })),
      }),
    harbor:
      harbor &&
      new HarborClient({
        baseUrl: harbor.url,
        credential: loginIn(harbor.usernameFile, harbor.passwordFile),
        ...bucketOf(harbor.callsPerSecond),
      }),
    changeRecords:
      servicenow &&
      new ChangeRecords({
        baseUrl: servicenow.url,
        credential: async () => ({
          kind: 'basic',
          ...(await loginIn(servicenow.usernameFile, servicenow.passwordFile)()),
        }),
        ...bucketOf(servicenow.callsPerSecond),
      }),
    httpChecks: checks && new HttpChecks({ hosts: checks.hosts }),
    prometheus:
      checks?.prometheus &&
      new PrometheusClient({
        baseUrl: checks.prometheus.url,
        ...(checks.prometheus.tokenFile === undefined ? {} : { token: tokenIn(checks.prometheus.tokenFile) }),
      }),
    connectionOf,
    jobsOf: (name) => new Jobs(connectionOf(name)),
  };
}

/** Read anew for each call: secrets are rotated in their files. */
function loginIn(
  usernameFile: string,
  passwordFile: string,
): () => Promise<{ readonly username: string; readonly password: Secret }> {
  return async () => ({
    username: readSecret(usernameFile),
    password: new Secret(readSecret(passwordFile)),
  });
}
