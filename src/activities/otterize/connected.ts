/** What the vendor itself reports of a cluster: proof that it works, better than pods that run. */
import type { OtterizeOrganization } from '../../systems/otterize/organization.js';
import type { Look } from '../waiting.js';

/**
 * One look at the components of an integration.
 * @param deployedAtMs all components must have been seen after this time, in milliseconds
 */
export async function lookAtComponents(
  organisation: OtterizeOrganization,
  integrationId: string,
  deployedAtMs: number,
  signal: AbortSignal,
): Promise<Look> {
  const components = await organisation.componentStatus(integrationId, signal);
  const unmet = components.filter(
    ({ status, lastSeen }) =>
      status !== 'CONNECTED' || lastSeen === undefined || Date.parse(lastSeen) < deployedAtMs,
  );
  if (components.length > 0 && unmet.length === 0) {
    const seen = components.map((component) => Date.parse(component.lastSeen ?? '')).sort((a, b) => a - b);
    return {
      state: 'reached',
      readBack: { components: components.length, lastSeen: new Date(seen[0] ?? 0).toISOString() },
    };
  }
  const list = unmet.map(({ component, status, lastSeen }) =>
    status === 'CONNECTED' ? `${component} last seen ${lastSeen ?? 'never'}` : `${component} ${status}`,
  );
  return {
    state: 'waiting',
    clause: components.length === 0 ? 'the vendor lists no component' : `the vendor sees ${list.join(', ')}`,
    remedy: 'Look at the pods of the stack in the cluster and at their way out to the vendor, then retry',
  };
}
