import type { Check } from '../../domain/promotion/path.js';
import type { VerificationActivityDeps } from './activities.js';

/** One check of one run of a place. */
export interface CheckRun {
  readonly check: Check;
  readonly requestId: string;
  /** of the job that runs it, if it is one */
  readonly jobName: string;
}

export interface CheckLook {
  readonly state: 'passed' | 'failed' | 'inconclusive';
  /** one line for people */
  readonly detail: string;
  /** looking again would not change it */
  readonly final?: boolean;
}

/**
 * One look at what a check asks for.
 * @param leftMs time that the look may take at most, in milliseconds
 * @throws SystemError when it cannot be asked
 */
export async function lookAt(
  deps: VerificationActivityDeps,
  { check, requestId, jobName }: CheckRun,
  leftMs: number,
  signal: AbortSignal,
): Promise<CheckLook> {
  switch (check.kind) {
    case 'http': {
      if (deps.httpChecks === undefined) return notConfigured('systems.checks.hosts');
      const { url, expectStatus, expectBodyContains } = check;
      return await deps.httpChecks.run(
        {
          url,
          expectStatus,
          ...(expectBodyContains === undefined ? {} : { expectBodyContains }),
          timeoutMs: Math.min(leftMs, LONGEST_LOOK_MS),
        },
        signal,
      );
    }
    case 'metric': {
      if (deps.prometheus === undefined) return notConfigured('systems.checks.prometheus');
      const { query, atMost, atLeast } = check;
      const threshold = {
        ...(atMost === undefined ? {} : { max: atMost }),
        ...(atLeast === undefined ? {} : { min: atLeast }),
      };
      return await deps.prometheus.check({ query, threshold }, signal);
    }
    case 'job': {
      const jobs = deps.jobsOf(check.connection);
      const job = { namespace: check.namespace, name: jobName };
      await jobs.ensureFromCronJob(
        { ...job, cronJob: check.cronJob, annotations: { 'gatehouse/request': requestId } },
        signal,
      );
      const seen = await jobs.stateOf(job, signal);
      if (seen === null) return { state: 'inconclusive', detail: `job ${jobName} was removed` };
      if (seen.state === 'running') return { state: 'inconclusive', detail: seen.detail };
      const state = seen.state === 'complete' ? 'passed' : 'failed';
      return { state, detail: seen.detail, final: true };
    }
  }
}

/** One request of a check, in milliseconds: a service that hangs is asked again. */
const LONGEST_LOOK_MS = 10_000;

function notConfigured(section: string): CheckLook {
  return {
    state: 'inconclusive',
    detail: `it cannot be made: the installation has no ${section}`,
    final: true,
  };
}
