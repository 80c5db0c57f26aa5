/**
 * Decides whether a Rollout of Argo Rollouts has brought its newest template to all its pods. Its controller says so itself
 * (source: argo-rollouts, utils/rollout/rolloututil.go, and Argo CD's health check of it); an analysis or a person may take
 * the template back while the spec goes on to ask for it. Pure: no clock, no calls.
 */
import type { Hopeless, Waiting } from '../judgement.js';
import type { Workload } from './workload.js';

/** Set by the controller: the generation of the Deployment whose template it runs. */
export const WORKLOAD_GENERATION = 'rollout.argoproj.io/workload-generation';

type RolloutWait = 'spec-not-observed' | 'rolling-out' | 'paused' | 'rollout-degraded';
export type ArgoRolloutJudgement = Waiting<RolloutWait> | Hopeless<'rollout-aborted'>;

/**
 * @param workload a Rollout whose newest spec was observed
 * @returns undefined when all its pods are of the newest template
 */
export function judgeArgoRollout({ metadata, status = {} }: Workload): ArgoRolloutJudgement | undefined {
  const name = `Rollout ${metadata.name}`;
  const wanted = metadata.annotations?.[WORKLOAD_GENERATION];
  if (wanted !== undefined && wanted !== status.workloadObservedGeneration) {
    return waiting('spec-not-observed', `${name}: the newest template of its Deployment was not seen yet`);
  }
  const says = status.message === undefined || status.message === '' ? '' : `: ${status.message}`;
  if (status.abort === true) {
    return {
      state: 'hopeless',
      clause: 'rollout-aborted',
      message: `${name} was aborted, and runs what it ran before${says}`,
      remedy:
        'Look at its analysis runs; revert the commit or push a correction, or retry the Rollout, then retry.',
    };
  }
  switch (status.phase) {
    case 'Healthy':
      return status.stableRS === status.currentPodHash
        ? undefined
        : waiting('rolling-out', `${name}: its new pods are not the stable ones yet`);
    case 'Paused':
      return waiting(
        'paused',
        `${name} is paused${says}; it goes on by its own steps or when somebody promotes it`,
      );
    case 'Degraded':
      return waiting('rollout-degraded', `${name} is Degraded${says}`);
    default:
      return waiting('rolling-out', `${name} is ${status.phase ?? 'without a phase'}${says}`);
  }
}

function waiting(clause: RolloutWait, message: string): ArgoRolloutJudgement {
  return { state: 'waiting', clause, message };
}
