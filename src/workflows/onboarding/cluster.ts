/** Onboards one cluster: the vendor's tenant, its credentials in the vault, the values in Git, and proof that it works. */
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  setDefaultSignalHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { TargetEnd } from '../../activities/contracts.js';
import { FAILURE, type FailureReport } from '../../domain/failure.js';
import { type ClusterInput, MAX_WAIT_MS } from '../../domain/messages.js';
import { type Activities, activitiesFor } from '../activity-options.js';
import { showDetails } from '../current-details.js';
import { reportOf } from '../failure-report.js';
import { isClusterInput, refuseInput } from '../inputs.js';

/**
 * @param input selectors of the target; what is done to it stands in the signed request in the ledger
 * @throws ApplicationFailure `TargetFailed` or `ProviderTrouble` with a FailureReport: step, cause and remedy
 */
export async function clusterOnboarding(input: ClusterInput): Promise<void> {
  if (!isClusterInput(input)) throw await refuseInput();
  // it listens to nobody; without a handler what anybody sends would be kept in memory
  setDefaultSignalHandler(() => undefined);
  const activities = activitiesFor(input.timing);
  const end = async (outcome: TargetEnd['outcome'], failure?: FailureReport): Promise<void> =>
    CancellationScope.nonCancellable(() =>
      activities.ledger.closeTarget({
        requestId: input.requestId,
        target: input.target,
        outcome,
        ...(failure === undefined ? {} : { failure }),
      }),
    );

  try {
    await onboard(input, activities);
    await end('done');
    showDetails(`**${input.target}** is onboarded and verified.`);
  } catch (error) {
    if (isCancellation(error)) {
      await end('cancelled');
      throw error;
    }
    const report = reportOf(error, input.target);
    showDetails(`**${input.target}** failed at \`${report.step}\`: ${report.message}\n\n${report.remedy}`);
    await end('failed', report);
    throw ApplicationFailure.create({
      type: report.scope === 'provider' ? FAILURE.provider : FAILURE.target,
      message: `${input.target}: ${report.system}: ${report.message} ${report.remedy}`,
      nonRetryable: true,
      details: [report],
    });
  }
}

async function onboard(input: ClusterInput, activities: Activities): Promise<void> {
  const { otterize, vendor, gitlab, argocd, externalSecrets } = activities;
  const ref = { requestId: input.requestId, target: input.target };
  const wait = { ...ref, maxWaitMs: MAX_WAIT_MS[input.timing] };
  const at = (step: string): void =>
    showDetails(`**${input.target}**: ${step} (${workflowInfo().workflowId})`);

  at('organisation');
  await otterize.ensureOrganisation(ref);
  at('environment, integration and invites');
  await together(() => [
    otterize.ensureInvites(ref),
    otterize.ensureEnvironment(ref).then(() => otterize.ensureIntegration(ref)),
  ]);
  at('values in Git');
  await gitlab.ensureValues(ref);
  at('waiting for Argo CD');
  await argocd.waitForSync(wait);
  at('waiting for the secret in the cluster');
  await externalSecrets.waitForExternalSecret(wait);
  at('waiting for the vendor to see the cluster');
  await vendor.waitForConnected(wait);
}

/**
 * Steps side by side. When one fails, the others begin nothing new and finish the effect in hand before this ends: an
 * attempt that outlives its run would meet its own retry, and both would find nothing and create.
 */
async function together(begin: () => readonly Promise<unknown>[]): Promise<void> {
  await CancellationScope.cancellable(async () => {
    const steps = begin();
    try {
      await Promise.all(steps);
    } catch (error) {
      CancellationScope.current().cancel();
      await Promise.allSettled(steps);
      throw error;
    }
  });
}
