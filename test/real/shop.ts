/** Manifests of a small application, as they stand in Git. */
import { stringify } from 'yaml';

export const IMAGE = 'registry.example.com/shop/web';

export interface WebOptions {
  /** part of the image after its name: `:1.4.2` or `@sha256:…` */
  readonly version: string;
  /** default `IMAGE` */
  readonly image?: string;
  readonly paused?: boolean;
  readonly deadlineSeconds?: number;
}

/** A Deployment called `web`. */
export function web({ version, image, paused, deadlineSeconds }: WebOptions): string {
  return stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 1,
      progressDeadlineSeconds: deadlineSeconds ?? 600,
      ...(paused === true ? { paused } : {}),
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: `${image ?? IMAGE}${version}` }] },
      },
    },
  });
}

/** A ConfigMap called `settings`. */
export function settings(text: string): string {
  return stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { text } });
}

/** A smoke test after the sync; the tag says whether it ends well (sandbox/real/fake-kubelet.ts). */
export function smokeTest(tag: 'ok' | 'fail'): string {
  return stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'smoke-test', annotations: { 'argocd.argoproj.io/hook': 'PostSync' } },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [{ name: 'test', image: `registry.example.com/shop/smoke-test:${tag}` }],
        },
      },
    },
  });
}

/** `sha256:` and 64 times one digit. */
export function digest(digit: string): string {
  return `sha256:${digit.repeat(64)}`;
}
