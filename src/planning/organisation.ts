/** Finds the organisation of a cluster at Otterize and tells whose it is. */
import type { OtterizeClient } from '../systems/otterize/client.js';
import type { OrganizationRecord } from '../systems/otterize/types.js';
import { isOurs, type Ownership } from './ownership.js';

export type OrganisationFinding =
  | { readonly state: 'absent' }
  | {
      readonly state: 'ours' | 'foreign';
      readonly organisation: OrganizationRecord;
      /** further organisations of the same name: a finding for people, the vendor does not forbid them */
      readonly others: number;
    };

/**
 * Looks an organisation up by name. Several of one name: ours wins, then the oldest (reference: onboarding, section 3).
 * @throws SystemError
 */
export async function findOrganisation(
  client: OtterizeClient,
  name: string,
  ownership: Ownership,
  signal?: AbortSignal,
): Promise<OrganisationFinding> {
  const named = (await client.listOrganizations(signal))
    .filter((organisation) => organisation.name === name)
    .sort((a, b) => Date.parse(a.created) - Date.parse(b.created));
  const organisation = named.find((item) => isOurs(ownership, item)) ?? named[0];
  if (organisation === undefined) return { state: 'absent' };
  return {
    state: isOurs(ownership, organisation) ? 'ours' : 'foreign',
    organisation,
    others: named.length - 1,
  };
}
