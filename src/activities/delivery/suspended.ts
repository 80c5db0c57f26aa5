/** What delivers a place and has been told to stop: a change that is merged now would lie there until somebody resumes it. */
import { FAILURE } from '../../domain/failure.js';
import type { Delivery, Place } from '../../domain/promotion/path.js';
import { isSyncedByItself, SKIP_RECONCILE_ANNOTATION } from '../../systems/argocd/application.js';
import type { Applications } from '../../systems/argocd/applications.js';
import type { Flux } from '../../systems/flux/flux.js';
import { StepFailed } from '../errors.js';

export interface SuspendedDeps {
  readonly fluxOf: (connection: string) => Pick<Flux, 'kustomization' | 'helmRelease'>;
  readonly applicationsOf: (at: {
    readonly connection: string;
    readonly namespace: string;
  }) => Pick<Applications, 'read'>;
}

/**
 * Refuses a merge that nobody would carry to the cluster: a Kustomization or HelmRelease of the place is suspended, an
 * Application is not there, is switched off, or stopped by an annotation. What Flux does not have yet may come with the change;
 * the delivery tells of it.
 * @throws StepFailed `CannotSucceed`; SystemError
 */
export async function refuseSuspended(
  deps: SuspendedDeps,
  { deliveries }: Pick<Place, 'deliveries'>,
  signal?: AbortSignal,
): Promise<void> {
  for (const delivery of deliveries) {
    const found =
      delivery.kind === 'flux'
        ? await suspendedOf(deps, delivery, signal)
        : await switchedOff(deps, delivery, signal);
    if (found === undefined) continue;
    throw new StepFailed(FAILURE.hopeless, {
      system: delivery.kind,
      operation: 'wait for readiness',
      object: `${found.object} on ${delivery.connection}`,
      message: `${found.message}: what is merged would not be applied, so nothing was merged`,
      remedy: found.remedy,
    });
  }
}

interface InTheWay {
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
}

async function switchedOff(
  { applicationsOf }: SuspendedDeps,
  delivery: Extract<Delivery, { kind: 'argocd' }>,
  signal: AbortSignal | undefined,
): Promise<InTheWay | undefined> {
  const { connection, namespace, application: name } = delivery;
  const object = `application ${namespace}/${name}`;
  const application = await applicationsOf({ connection, namespace }).read(name, signal);
  if (application === null || application.metadata.deletionTimestamp !== undefined) {
    return {
      object,
      message: application === null ? 'there is no such Application' : 'it is being deleted',
      remedy: 'Create it, or correct the name of the application in the path, then retry',
    };
  }
  if (application.metadata.annotations?.[SKIP_RECONCILE_ANNOTATION] === 'true') {
    return {
      object,
      message: `the annotation ${SKIP_RECONCILE_ANNOTATION} stops it`,
      remedy: `Remove the annotation (kubectl annotate ${SKIP_RECONCILE_ANNOTATION}-), then retry`,
    };
  }
  if (isSyncedByItself(application)) return undefined;
  return {
    object,
    message: 'its auto-sync is off',
    remedy:
      'Switch auto-sync on (spec.syncPolicy.automated, or argocd app set --sync-policy automated), then retry',
  };
}

async function suspendedOf(
  { fluxOf }: SuspendedDeps,
  delivery: Extract<Delivery, { kind: 'flux' }>,
  signal: AbortSignal | undefined,
): Promise<InTheWay | undefined> {
  const { namespace, kustomization: name, helmReleases, connection } = delivery;
  const flux = fluxOf(connection);
  const kustomization = await flux.kustomization({ namespace, name }, signal);
  if (kustomization.object?.spec.suspend === true) return suspended(`kustomization ${namespace}/${name}`);
  for (const release of helmReleases) {
    const ref = { namespace: release.namespace ?? namespace, name: release.name };
    const { object } = await flux.helmRelease(ref, signal);
    if (object?.spec.suspend === true) return suspended(`helmrelease ${ref.namespace}/${ref.name}`);
  }
  return undefined;
}

function suspended(object: string): InTheWay {
  return {
    object,
    message: 'it is suspended',
    remedy: 'Resume it (flux resume, or spec.suspend: false), then retry',
  };
}
