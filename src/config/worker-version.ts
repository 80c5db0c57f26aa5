/**
 * The version of the workers that runs workflows: moved by a step of the deployment, and only forward. A worker that starts
 * moves nothing, so an old one that is started again during a roll-out takes nothing back.
 */
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';

/** Name of the deployment; all build ids of Gatehouse belong to it. */
export const DEPLOYMENT_NAME = 'gatehouse';

/** Time for the server to learn of a build from its first poll, and the pause between looks, in milliseconds. */
const KNOWN_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;
const GRPC = { notFound: 5, failedPrecondition: 9 } as const;

/** The version is not moved. The message says why, `remedy` what to do. */
export class VersionNotMoved extends Error {
  override readonly name = 'VersionNotMoved';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface WorkerVersions {
  /** build id; undefined: none is current, so no workflow runs */
  readonly current: string | undefined;
  /** when the server first saw a worker of each build, in milliseconds */
  readonly firstSeenMs: ReadonlyMap<string, number>;
  /** what a change of this state has to name */
  readonly conflictToken: Uint8Array | undefined;
}

/** The versions that the server knows; undefined: no worker with a build id has ever asked for work. */
export async function workerVersions(
  connection: Connection,
  namespace: string,
): Promise<WorkerVersions | undefined> {
  try {
    const { workerDeploymentInfo: info, conflictToken } =
      await connection.workflowService.describeWorkerDeployment({
        namespace,
        deploymentName: DEPLOYMENT_NAME,
      });
    const firstSeenMs = new Map<string, number>();
    for (const { deploymentVersion, createTime } of info?.versionSummaries ?? []) {
      if (deploymentVersion?.buildId) firstSeenMs.set(deploymentVersion.buildId, tsToMs(createTime));
    }
    return {
      current: info?.routingConfig?.currentDeploymentVersion?.buildId || undefined,
      firstSeenMs,
      conflictToken: conflictToken ?? undefined,
    };
  } catch (error) {
    if (isGrpcServiceError(error) && Number(error.code) === GRPC.notFound) return undefined;
    throw error;
  }
}

export interface Move {
  readonly buildId: string;
  /** go to a version that is older than the current one: an operator says so, a deployment never does */
  readonly back: boolean;
  /** how long a worker of the build may take to be seen, in milliseconds; default one minute */
  readonly knownWithinMs?: number;
}

/**
 * Makes a build the current one, as soon as the server has seen a worker of it ask for work.
 * @returns the build that was current before; the same build: nothing had to be done
 * @throws VersionNotMoved when no worker of the build is seen, when the current one is newer, and when somebody else moves it
 */
export async function moveCurrentVersion(
  connection: Connection,
  namespace: string,
  { buildId, back, knownWithinMs = KNOWN_WITHIN_MS }: Move,
): Promise<string | undefined> {
  const { versions, seenMs } = await whenSeen(connection, namespace, buildId, knownWithinMs);
  const { current, firstSeenMs, conflictToken } = versions;
  if (current === buildId) return current;
  const currentSeenMs = current === undefined ? undefined : firstSeenMs.get(current);
  if (!back && currentSeenMs !== undefined && currentSeenMs > seenMs) {
    throw new VersionNotMoved(
      `The current version ${current} is newer than ${buildId}.`,
      'A roll-out goes forward only. To go back on purpose: gatehouse set-current-version --back',
    );
  }
  try {
    await connection.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName: DEPLOYMENT_NAME,
      buildId,
      identity: 'gatehouse',
      ignoreMissingTaskQueues: true,
      ...(conflictToken === undefined ? {} : { conflictToken }),
    });
  } catch (error) {
    if (isGrpcServiceError(error) && Number(error.code) === GRPC.failedPrecondition) {
      throw new VersionNotMoved(
        'Somebody else moved the version meanwhile, or workers of this build do not serve all queues of the current one.',
        'Look at `gatehouse doctor`, then run the step again.',
      );
    }
    throw error;
  }
  return current;
}

async function whenSeen(
  connection: Connection,
  namespace: string,
  buildId: string,
  knownWithinMs: number,
): Promise<{ readonly versions: WorkerVersions; readonly seenMs: number }> {
  const deadline = Date.now() + knownWithinMs;
  for (;;) {
    const versions = await workerVersions(connection, namespace);
    const seenMs = versions?.firstSeenMs.get(buildId);
    if (versions !== undefined && seenMs !== undefined) return { versions, seenMs };
    if (Date.now() > deadline) {
      throw new VersionNotMoved(
        `No worker of the build ${buildId} has asked for work in the namespace ${namespace}.`,
        'Start a worker with GATEHOUSE_BUILD_ID of this build and the queue workflows, then run the step again.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
