/** Objects of Flux as its controllers write them, for the accidents. */
import type { Clock, WrittenObject } from './accident.js';
import type { Story } from './story.js';

export const NAMESPACE = 'flux-system';

export function at(commit: string): string {
  return `main@sha1:${commit}`;
}

export function condition(
  clock: Clock,
  type: string,
  status: string,
  reason: string,
  message = 'as written',
): object {
  return { type, status, reason, message, lastTransitionTime: clock.ago(60) };
}

export function gitRepository(
  name: string,
  commit: string,
  clock: Clock,
  more: { spec?: object; status?: object } = {},
): WrittenObject {
  return {
    plural: 'gitrepositories',
    namespace: NAMESPACE,
    name,
    spec: {
      interval: '1m',
      url: 'https://git.example.com/ops/fleet.git',
      ref: { branch: 'main' },
      ...more.spec,
    },
    status: (generation) => ({
      observedGeneration: generation,
      artifact: {
        revision: at(commit),
        digest: `sha256:${'6'.repeat(64)}`,
        path: `gitrepository/${name}.tar.gz`,
        url: `http://source-controller/${name}.tar.gz`,
        lastUpdateTime: clock.ago(90),
      },
      conditions: [condition(clock, 'Ready', 'True', 'Succeeded')],
      ...more.status,
    }),
  };
}

export function kustomization(
  name: string,
  clock: Clock,
  more: { spec?: object; status: object },
): WrittenObject {
  return {
    plural: 'kustomizations',
    namespace: NAMESPACE,
    name,
    spec: {
      interval: '10m',
      prune: true,
      wait: true,
      path: './prd',
      sourceRef: { kind: 'GitRepository', name },
      ...more.spec,
    },
    status: (generation) => ({
      observedGeneration: generation,
      conditions: [condition(clock, 'Ready', 'True', 'ReconciliationSucceeded')],
      ...more.status,
    }),
  };
}

export function applied(commit: string, more: object = {}): { readonly status: object } {
  return { status: { lastAttemptedRevision: at(commit), lastAppliedRevision: at(commit), ...more } };
}

export function forKustomization(name: string): (story: Story) => readonly string[] {
  return ({ ours, folder }) => [
    '--flux',
    `kustomization/${name}`,
    '--revision',
    ours,
    '--repository',
    folder,
  ];
}

export interface Release {
  readonly version?: string;
  readonly spec?: object;
  readonly status: (generation: number) => object;
}

export function helmRelease(name: string, { version = '1.4.2', spec, status }: Release): WrittenObject {
  return {
    plural: 'helmreleases',
    namespace: NAMESPACE,
    name,
    spec: {
      interval: '10m',
      chart: { spec: { chart: 'shop', version, sourceRef: { kind: 'HelmRepository', name: 'charts' } } },
      ...spec,
    },
    status,
  };
}

export function snapshot(clock: Clock, chartVersion: string, status: string, version: number): object {
  return {
    name: 'shop',
    namespace: NAMESPACE,
    chartName: 'shop',
    chartVersion,
    configDigest: 'sha256:values',
    digest: 'sha256:release',
    firstDeployed: clock.ago(900),
    lastDeployed: clock.ago(60),
    status,
    version,
  };
}

export function deployed(clock: Clock, chartVersion: string): (generation: number) => object {
  return (generation) => ({
    observedGeneration: generation,
    lastAttemptedGeneration: generation,
    lastAttemptedRevision: chartVersion,
    lastAttemptedConfigDigest: 'sha256:values',
    history: [snapshot(clock, chartVersion, 'deployed', 7)],
    conditions: [condition(clock, 'Ready', 'True', 'UpgradeSucceeded')],
  });
}

export function forRelease(name: string): () => readonly string[] {
  return () => ['--flux', `helmrelease/${name}`, '--chart-version', '1.4.2'];
}
