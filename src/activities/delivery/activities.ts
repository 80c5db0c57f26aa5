/** Activities on the queue `delivery`: whether a change may be merged, and whether it runs. */
import { cancellationSignal } from '@temporalio/activity';
import { PlatformDigests } from '../../delivery/platform-digests.js';
import { type Clusters, sharedClusters, type WatchedClusters } from '../../delivery/shared-clusters.js';
import { FAILURE } from '../../domain/failure.js';
import { effectKey } from '../../domain/plan.js';
import { afterRevert, PROMOTION_CHECK } from '../../domain/promotion/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';
import type { RegistryClient } from '../../systems/registry/client.js';
import { StepFailed } from '../errors.js';
import type { PlaceGuard } from '../guard/select-place.js';
import { noteDisproved } from '../ledger/disproved.js';
import type { DeliveryActivities, DeliveryRef } from '../promotion-contracts.js';
import { WaitNotes } from '../wait-notes.js';
import { waitFor } from '../waiting.js';
import { confirmDelivery } from './confirm.js';
import { DeliveryProof } from './proof.js';
import { type ReadinessDeps, readinessOf } from './readiness.js';
import { wantedOf } from './wanted.js';

export interface DeliveryActivityDeps extends ReadinessDeps {
  readonly ledger: WorkerLedger;
  readonly guard: PlaceGuard;
  readonly gitlab: Pick<GitLabClient, 'isAncestor'>;
  readonly repositories: Pick<GitLabRepositories, 'compare' | 'tree' | 'blobs' | 'texts' | 'freezePeriods'>;
  /** address of a project's repository as controllers know it, e.g. `https://gitlab.example.com/shop/prod-ops.git` */
  readonly repositoryOf: (project: string) => string;
  /** undefined: the installation names no registry */
  readonly registry: Pick<RegistryClient, 'platformDigests'> | undefined;
  readonly clusters: Clusters;
  /** how long it must stay healthy, in milliseconds */
  readonly stabilisationMs: number;
  /** how long a delivery is waited for, in milliseconds */
  readonly maxWaitMs: number;
}

/** What all waits of this process have in common. */
export interface DeliveryTools extends DeliveryActivityDeps {
  readonly watched: WatchedClusters;
  readonly platforms: PlatformDigests;
}

/** Made once in a process: what many waits want to know is asked once. */
export function deliveryTools(deps: DeliveryActivityDeps): DeliveryTools {
  return {
    ...deps,
    watched: sharedClusters(deps.clusters),
    platforms: new PlatformDigests(deps.registry),
  };
}

export function createDeliveryActivities(tools: DeliveryTools): DeliveryActivities {
  const deps: DeliveryActivityDeps = tools;
  return {
    async readReadiness({ requestId, target, nowMs }) {
      const permitted = await deps.guard.permitted({ requestId, target });
      return await readinessOf(deps, permitted.request, permitted.target, nowMs, cancellationSignal());
    },

    async waitForDelivery(input) {
      const wanted = await wantedOf(tools, input);
      const proof = new DeliveryProof(tools, wanted, deps.stabilisationMs);
      const check = PROMOTION_CHECK.delivered(input.delivery);
      const step = input.revert ? afterRevert(check) : check;
      const { maxWaitMs } = deps;
      const readBack = await notingFailure(deps, input, check, () =>
        waitFor(
          {
            system: wanted.system,
            operation: 'wait for delivery',
            object: wanted.object,
            maxWaitMs,
            remedy: 'Look at what it waits for in the cluster, then retry or roll back',
            notes: new WaitNotes(deps.ledger, { ...input, step }),
          },
          (signal) => proof.look(signal, maxWaitMs),
        ),
      );
      await deps.ledger.passCheck(input.requestId, {
        key: effectKey(input.target, step),
        system: wanted.system,
        readBack,
      });
      return { readBack };
    },

    async confirmDelivery(input) {
      const wanted = await wantedOf(tools, input);
      const seen = await confirmDelivery(tools, wanted, cancellationSignal());
      if (seen.state === 'regressed') {
        await noteDisproved(deps.ledger, input, PROMOTION_CHECK.soaked, wanted.system, seen.message);
      }
      return seen;
    },
  };
}

/** A delivery that can never succeed, or has had its time, is noted: a policy may want it taken back. */
async function notingFailure<T>(
  { ledger }: Pick<DeliveryActivityDeps, 'ledger'>,
  input: DeliveryRef,
  check: string,
  wait: () => Promise<T>,
): Promise<T> {
  try {
    return await wait();
  } catch (error) {
    if (error instanceof StepFailed && (error.type === FAILURE.hopeless || error.type === FAILURE.overdue)) {
      const { system, message } = error.fields;
      await noteDisproved(ledger, input, check, system, message);
    }
    throw error;
  }
}
