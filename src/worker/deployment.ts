/** Worker deployment versioning, on the workflow queue only: activity inputs stay compatible instead. */
import type { WorkerOptions } from '@temporalio/worker';
import { DEPLOYMENT_NAME } from '../config/worker-version.js';

/** @param buildId empty: no versioning, e.g. in the sandbox */
export function deploymentOptions(buildId: string): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (buildId === '') return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName: DEPLOYMENT_NAME, buildId },
      useWorkerVersioning: true,
      // waits last months: none of them may be pinned to old code
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}
