/** Worker deployment versioning, on the workflow queue only: activity inputs stay compatible instead. */
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';

/** Name of the deployment; all build ids of Gatehouse belong to it. */
export const DEPLOYMENT_NAME = 'gatehouse';

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

/** Time for the server to learn of a build from its first poll, and the pause between tries, in milliseconds. */
const KNOWN_WITHIN_MS = 60_000;
const TRY_EVERY_MS = 500;

/** Makes this build the current one, as soon as the server has seen a worker of it poll. */
export async function makeCurrent(
  connection: NativeConnection,
  namespace: string,
  buildId: string,
): Promise<void> {
  if (buildId === '') return;
  const deadline = Date.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      await connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName: DEPLOYMENT_NAME,
        buildId,
        identity: 'gatehouse',
        ignoreMissingTaskQueues: true,
      });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}
