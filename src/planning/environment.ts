/** Compares the environment at Otterize with the one asked for. */
import { labelChanges } from '../domain/label-changes.js';
import type { Labels } from '../domain/manifest.js';
import type { OtterizeOrganization } from '../systems/otterize/organization.js';
import type { OtterizeEnvironment } from '../systems/otterize/types.js';

export type EnvironmentFinding =
  | { readonly state: 'absent' }
  | { readonly state: 'equal'; readonly environment: OtterizeEnvironment }
  | {
      readonly state: 'different';
      readonly environment: OtterizeEnvironment;
      /** each label that differs, old and new */
      readonly changes: readonly string[];
    };

/** @throws SystemError */
export async function findEnvironment(
  organisation: OtterizeOrganization,
  wanted: { readonly name: string; readonly labels: Labels },
  signal?: AbortSignal,
): Promise<EnvironmentFinding> {
  const environment = await organisation.environmentByName(wanted.name, signal);
  if (environment === null) return { state: 'absent' };
  const changes = labelChanges(environment.labels, wanted.labels);
  return changes.length === 0
    ? { state: 'equal', environment }
    : { state: 'different', environment, changes };
}
