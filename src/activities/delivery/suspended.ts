/** What delivers a place and has been told to stop: a change that is merged now would lie there until somebody resumes it. */
import { FAILURE } from '../../domain/failure.js';
import type { Delivery, Place } from '../../domain/promotion/path.js';
import type { Flux } from '../../systems/flux/flux.js';
import { StepFailed } from '../errors.js';

export interface SuspendedDeps {
  readonly fluxOf: (connection: string) => Pick<Flux, 'kustomization' | 'helmRelease'>;
}

/**
 * Refuses a merge while a Kustomization or HelmRelease of the place is suspended. What does not exist yet may come with the
 * change; the delivery tells of it.
 * @throws StepFailed `CannotSucceed`; SystemError
 */
export async function refuseSuspended(
  deps: SuspendedDeps,
  { deliveries }: Pick<Place, 'deliveries'>,
  signal?: AbortSignal,
): Promise<void> {
  for (const delivery of deliveries) {
    if (delivery.kind !== 'flux') continue;
    const found = await suspendedOf(deps, delivery, signal);
    if (found === undefined) continue;
    throw new StepFailed(FAILURE.hopeless, {
      system: 'flux',
      operation: 'wait for readiness',
      object: `${found} on ${delivery.connection}`,
      message: 'it is suspended: what is merged would not be applied, so nothing was merged',
      remedy: 'Resume it (flux resume, or spec.suspend: false), then retry',
    });
  }
}

async function suspendedOf(
  { fluxOf }: SuspendedDeps,
  delivery: Extract<Delivery, { kind: 'flux' }>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { namespace, kustomization: name, helmReleases, connection } = delivery;
  const flux = fluxOf(connection);
  const kustomization = await flux.kustomization({ namespace, name }, signal);
  if (kustomization.object?.spec.suspend === true) return `kustomization ${namespace}/${name}`;
  for (const release of helmReleases) {
    const { object } = await flux.helmRelease({ namespace, name: release.name }, signal);
    if (object?.spec.suspend === true) return `helmrelease ${namespace}/${release.name}`;
  }
  return undefined;
}
