/**
 * `gatehouse wait`: proves that a cluster runs a revision, by Argo CD or Flux. Needs no Gatehouse, no Temporal and no
 * installation, only the right to read (docs/wait.md).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationWatch } from '../../delivery/application-watch.js';
import { HelmReleaseWatch, KustomizationWatch } from '../../delivery/flux-watch.js';
import { type History, NoHistory } from '../../delivery/history.js';
import type { Watch } from '../../delivery/look.js';
import type { Wanted } from '../../delivery/wanted.js';
import { WorkloadCheck } from '../../delivery/workload-check.js';
import { Applications } from '../../systems/argocd/applications.js';
import { Flux } from '../../systems/flux/flux.js';
import { Workloads } from '../../systems/kubernetes/workloads.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { connectionOf } from '../wait/connection.js';
import { GitHistory } from '../wait/git-history.js';
import { type WaitOptions, wantedOf } from '../wait/target.js';
import { type Pause, waitUntilProven } from '../wait/wait-loop.js';
import { WaitReport } from '../wait/wait-report.js';

export type { WaitOptions } from '../wait/target.js';

/**
 * @param pause how time between looks passes
 * @returns 0 proven, 1 failed or hopeless, 3 still waiting when the time was up or somebody pressed Ctrl-C
 */
export async function wait(
  session: Session,
  options: WaitOptions,
  pause: Pause = realPause,
): Promise<ExitCode> {
  const { output, signal, now, env } = session;
  const wanted = wantedOf(options);
  const connection = connectionOf(options, env);
  const history = await historyOf(options, wanted, session);
  const report = new WaitReport(output, now);
  try {
    const watch = watchOf(options, wanted, history, connection, session);
    const result = await waitUntilProven({
      watch,
      timeoutMs: options.timeout,
      now,
      pause,
      signal,
      onProgress: (progress) => report.progress(progress),
    });
    report.end(result);
    if (result.state === 'proven') return EXIT.done;
    return result.state === 'failed' ? EXIT.error : EXIT.waiting;
  } catch (error) {
    report.abandon();
    throw error;
  } finally {
    await history.close();
  }
}

async function historyOf(options: WaitOptions, wanted: Wanted, session: Session): Promise<History> {
  const { revision } = wanted;
  const { repository } = options;
  if (repository === undefined || revision === undefined) return new NoHistory(revision ?? '');
  return GitHistory.open({ repository, revision, now: session.now }, session.signal);
}

function watchOf(
  options: WaitOptions,
  wanted: Wanted,
  history: History,
  connection: ReturnType<typeof connectionOf>,
  { env, now }: Session,
): Watch {
  const { target } = wanted;
  const workloadCluster =
    options.workloadKubeconfig === undefined
      ? connection
      : connectionOf(
          {
            kubeconfig: options.workloadKubeconfig,
            ...(options.workloadContext === undefined ? {} : { context: options.workloadContext }),
          },
          env,
        );
  const common = {
    wanted,
    history,
    workloads: new WorkloadCheck(new Workloads(workloadCluster), wanted.images),
    refresh: options.refresh === true,
    stabilisationMs: options.stabilisation,
    now,
  };
  if (target.kind === 'application' || target.kind === 'applications') {
    const repository = options.source ?? (history instanceof GitHistory ? history.remote : undefined);
    return new ApplicationWatch({
      ...common,
      target,
      applications: new Applications({ connection, namespace: target.namespace }),
      applicationsIn: (namespace) => new Applications({ connection, namespace }),
      manualSync: options.manualSync === true,
      ...(repository === undefined ? {} : { repository }),
    });
  }
  const flux = new Flux({ connection });
  return target.kind === 'kustomization'
    ? new KustomizationWatch({ ...common, target, flux })
    : new HelmReleaseWatch({ ...common, target, flux });
}

async function realPause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    // Ctrl-C: the loop sees it
    if (!signal.aborted) throw error;
  }
}
