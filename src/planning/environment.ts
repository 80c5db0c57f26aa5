/** Compares the environment at Otterize with the one asked for. */
import type { Labels } from '../domain/manifest.js';
import type { OtterizeOrganization } from '../systems/otterize/organization.js';
import type { OtterizeEnvironment } from '../systems/otterize/types.js';

export type EnvironmentFinding =
  | { readonly state: 'absent' }
  | { readonly state: 'equal' | 'different'; readonly environment: OtterizeEnvironment };

/** @throws SystemError */
export async function findEnvironment(
  organisation: OtterizeOrganization,
  wanted: { readonly name: string; readonly labels: Labels },
  signal?: AbortSignal,
): Promise<EnvironmentFinding> {
  const environment = await organisation.environmentByName(wanted.name, signal);
  if (environment === null) return { state: 'absent' };
  return { state: sameLabels(environment.labels, wanted.labels) ? 'equal' : 'different', environment };
}

function sameLabels(left: Labels, right: Labels): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
