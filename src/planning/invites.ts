/** Compares who is to be invited with who is there. */
import type { OtterizeOrganization } from '../systems/otterize/organization.js';

/**
 * @param emails who is to be in the organisation
 * @returns those who are neither members nor invited, in the order given
 * @throws SystemError
 */
export async function missingInvites(
  organisation: OtterizeOrganization,
  emails: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (emails.length === 0) return [];
  const [invites, users] = await Promise.all([
    organisation.listInvites({}, signal),
    organisation.listUsers(signal),
  ]);
  const there = new Set([...invites, ...users].map((item) => item.email.toLowerCase()));
  return emails.filter((email) => !there.has(email.toLowerCase()));
}
