/** What the options of `gatehouse wait` ask for, checked. */

import type { WaitTarget, Wanted, WantedWorkload } from '../../delivery/wanted.js';
import { isCommit } from '../../systems/argocd/application.js';
import { WORKLOAD_KINDS } from '../../systems/kubernetes/workload.js';
import { type ImageByDigest, imageByDigest } from '../../systems/kubernetes/workload-state.js';
import { CliError } from '../cli-error.js';
import type { ClusterOptions } from './connection.js';

export interface WaitOptions extends ClusterOptions {
  readonly application?: string;
  readonly selector?: string;
  readonly expect?: number;
  readonly flux?: string;
  readonly revision?: string;
  readonly chartVersion?: string;
  readonly namespace?: string;
  readonly repository?: string;
  readonly source?: string;
  readonly image: readonly string[];
  readonly workload: readonly string[];
  readonly workloadNamespace?: string;
  readonly workloadKubeconfig?: string;
  readonly workloadContext?: string;
  readonly refresh?: boolean;
  readonly manualSync?: boolean;
  /** milliseconds */
  readonly stabilisation: number;
  /** milliseconds */
  readonly timeout: number;
}

/** @throws CliError that names the option and what belongs there */
export function wantedOf(options: WaitOptions): Wanted {
  const target = targetOf(options);
  const { revision, chartVersion } = revisionsOf(options, target);
  refuseUnused(options, target);
  return {
    target,
    ...(revision === undefined ? {} : { revision }),
    ...(chartVersion === undefined ? {} : { chartVersion }),
    images: options.image.map(imageOf),
    workloads: options.workload.map((text) => workloadOf(text, options.workloadNamespace)),
  };
}

/** What was asked for and would not be looked at: a wait that left it out would be green unchecked. */
function refuseUnused(options: WaitOptions, { kind }: WaitTarget): void {
  const isArgoCd = kind === 'application' || kind === 'applications';
  const rows: readonly (readonly [unused: boolean, message: string, remedy: string])[] = [
    [
      kind === 'kustomization' && options.chartVersion !== undefined,
      'A Kustomization has no chart version.',
      'Leave --chart-version out, or wait for --flux helmrelease/NAME too.',
    ],
    [
      kind === 'helmrelease' && options.chartVersion !== undefined && options.revision !== undefined,
      'A HelmRelease runs a chart version: --revision beside --chart-version is not looked at.',
      'Leave --revision out, or wait for --flux kustomization/NAME too.',
    ],
    [
      options.repository !== undefined && (options.revision === undefined || kind === 'helmrelease'),
      '--repository belongs to --revision.',
      'Give --revision with the whole commit id, or leave --repository out.',
    ],
    [
      options.source !== undefined && (!isArgoCd || options.revision === undefined),
      '--source belongs to --revision of an Application.',
      'Leave it out.',
    ],
    [
      options.manualSync === true && !isArgoCd,
      '--manual-sync belongs to an Application.',
      'Leave it out: Flux has no syncs by hand.',
    ],
    [
      options.workloadNamespace !== undefined && options.workload.length === 0,
      '--workload-namespace belongs to --workload.',
      'Name the workload, or leave it out.',
    ],
    [
      options.workloadContext !== undefined && options.workloadKubeconfig === undefined,
      '--workload-context belongs to --workload-kubeconfig.',
      'Give the kubeconfig, or leave it out.',
    ],
    [
      options.server !== undefined && (options.kubeconfig ?? options.context) !== undefined,
      '--server is one cluster, --kubeconfig or --context another.',
      'Give one of them.',
    ],
  ];
  const unused = rows.find(([isUnused]) => isUnused);
  if (unused !== undefined) throw new CliError(unused[1], unused[2]);
}

function targetOf({ application, selector, expect, flux, namespace }: WaitOptions): WaitTarget {
  const given = [application, selector, flux].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CliError(
      given.length === 0 ? 'Nothing to wait for was named.' : 'Only one thing can be waited for at once.',
      'Give one of --application NAME, --selector LABELS, --flux kustomization/NAME, --flux helmrelease/NAME.',
    );
  }
  if (expect !== undefined && selector === undefined) {
    throw new CliError('--expect belongs to --selector.', 'Leave it out, or wait for a --selector.');
  }
  if (application !== undefined) {
    const [place, name] = application.includes('/') ? application.split('/', 2) : [undefined, application];
    return { kind: 'application', name: name ?? '', namespace: place ?? namespace ?? 'argocd' };
  }
  if (selector !== undefined) {
    if (selector.trim() === '') throw new CliError('--selector is empty.', 'Write labels, e.g. team=shop.');
    return { kind: 'applications', selector, expect: expect ?? 1, namespace: namespace ?? 'argocd' };
  }
  const [, kind, name] = /^(kustomization|helmrelease)\/([a-z0-9][a-z0-9.-]*)$/i.exec(flux ?? '') ?? [];
  if (kind === undefined || name === undefined) {
    throw new CliError(`--flux ${flux} is not understood.`, 'Write kustomization/NAME or helmrelease/NAME.');
  }
  return {
    kind: kind.toLowerCase() === 'kustomization' ? 'kustomization' : 'helmrelease',
    name,
    namespace: namespace ?? 'flux-system',
  };
}

function revisionsOf(
  { revision, chartVersion }: WaitOptions,
  target: WaitTarget,
): { readonly revision?: string; readonly chartVersion?: string } {
  if (target.kind === 'helmrelease') {
    const version = chartVersion ?? revision;
    if (version === undefined || isHash(version)) {
      throw new CliError(
        'A HelmRelease runs a chart version, not a commit.',
        'Give --chart-version, e.g. 1.4.2.',
      );
    }
    return { chartVersion: version };
  }
  if (revision === undefined && (chartVersion === undefined || target.kind === 'kustomization')) {
    throw new CliError('What must run was not said.', 'Give --revision with the whole commit id.');
  }
  if (revision === undefined) return chartVersion === undefined ? {} : { chartVersion };
  const hash = revision.toLowerCase().replace(/^sha256:/, '');
  if (!isCommit(hash)) {
    throw new CliError(
      `--revision ${revision} is not a whole commit id.`,
      'Give all 40 digits (git rev-parse HEAD): shortened ids and branch names can mean something else tomorrow. A chart version belongs to --chart-version.',
    );
  }
  return { revision: hash, ...(chartVersion === undefined ? {} : { chartVersion }) };
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{7,64}$/i.test(text) && !/^\d+$/.test(text);
}

function imageOf(text: string): ImageByDigest {
  const image = imageByDigest(text);
  if (image !== undefined) return image;
  throw new CliError(
    `--image ${text} is not an image by digest.`,
    'Write NAME@sha256:… with 64 digits: a tag can be moved, so it proves nothing.',
  );
}

function workloadOf(text: string, namespace: string | undefined): WantedWorkload {
  const [, kindText = '', name] = /^([a-z]+)\/([a-z0-9][a-z0-9.-]*)$/i.exec(text) ?? [];
  const kind = WORKLOAD_KINDS.find((one) => one.toLowerCase() === kindText.toLowerCase());
  if (kind === undefined || name === undefined) {
    throw new CliError(
      `--workload ${text} is not understood.`,
      'Write deployment/NAME, statefulset/NAME, daemonset/NAME or rollout/NAME.',
    );
  }
  return { kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
