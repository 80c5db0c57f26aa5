/** Activities on the queue `verification`: whether what was delivered works. */
import type { WorkerLedger } from '../../ledger/ports.js';
import type { HttpChecks } from '../../systems/http-check/http-checks.js';
import type { Jobs } from '../../systems/kubernetes/jobs.js';
import type { PrometheusClient } from '../../systems/prometheus/client.js';
import type { PlaceGuard } from '../guard/select-place.js';
import type { VerificationActivities } from '../promotion-contracts.js';
import { runChecks } from './run-checks.js';

export interface VerificationActivityDeps {
  readonly ledger: Pick<WorkerLedger, 'passCheck'>;
  readonly guard: PlaceGuard;
  /** undefined: the installation names no addresses that may be asked */
  readonly httpChecks: Pick<HttpChecks, 'run'> | undefined;
  /** undefined: not configured */
  readonly prometheus: Pick<PrometheusClient, 'check'> | undefined;
  /** Jobs of the cluster behind a Kubernetes connection */
  readonly jobsOf: (connection: string) => Pick<Jobs, 'ensureFromCronJob' | 'stateOf'>;
}

export function createVerificationActivities(deps: VerificationActivityDeps): VerificationActivities {
  return { runChecks: (input) => runChecks(deps, input) };
}
