/** ensureInvites: the people of the approved plan are members of the organisation or invited to it. */
import { missingInvites } from '../../planning/invites.js';
import type { OtterizeOrganization } from '../../systems/otterize/organization.js';
import type { EffectResult } from '../contracts.js';

/** Role of invited people, set explicitly: the default depends on the organisation's settings. */
const ROLE = 'ADMIN';

/**
 * @param emails the approved people
 * @param heartbeat called after every invite
 * @throws SystemError
 */
export async function ensureInvites(
  organisation: OtterizeOrganization,
  emails: readonly string[],
  heartbeat: () => void,
  signal: AbortSignal,
): Promise<EffectResult> {
  const missing = await missingInvites(organisation, emails, signal);
  for (const email of missing) {
    await organisation.createInvite(email, ROLE, signal);
    heartbeat();
  }
  const stillMissing = missing.length === 0 ? [] : await missingInvites(organisation, emails, signal);
  return {
    outcome: missing.length === 0 ? 'unchanged' : missing.length === emails.length ? 'created' : 'changed',
    readBack: { people: emails.length, invited: missing.length, missing: stillMissing.length },
  };
}
