import type { DirectoryGroup, DirectoryState, DirectoryUser } from './state.js';

/**
 * What Graph shows of a user without `$select` [D]. Note what is missing: employeeId, userType, accountEnabled must be
 * asked for.
 */
const USER_DEFAULTS = ['displayName', 'givenName', 'mail', 'surname', 'userPrincipalName', 'id'];

type Shown = { readonly id: string } & Readonly<Record<string, unknown>>;

/** a user as Graph shows it; `select` is the query parameter `$select` */
export function showUser(user: DirectoryUser, select: string | undefined): Shown {
  const { visibleFrom: _, ...properties } = user;
  return {
    ...pick({ ...properties, businessPhones: [] }, select, [...USER_DEFAULTS, 'businessPhones']),
    id: user.id,
  };
}

export function showGroup(group: DirectoryGroup, select: string | undefined): Shown {
  const properties = {
    id: group.id,
    displayName: group.displayName,
    description: null,
    groupTypes: [],
    mail: null,
    mailEnabled: false,
    mailNickname: group.displayName,
    securityEnabled: true,
  };
  return { ...pick(properties, select, Object.keys(properties)), id: group.id };
}

/** a member of any kind, with the `@odata.type` that tells which; null when the object is gone */
export function showMember(
  state: DirectoryState,
  member: { readonly kind: string; readonly id: string },
  select: string | undefined,
): Shown | null {
  const user = state.users.find((candidate) => candidate.id === member.id);
  if (user) return { '@odata.type': '#microsoft.graph.user', ...showUser(user, select) };
  const group = state.groups.find((candidate) => candidate.id === member.id);
  if (group) return { '@odata.type': '#microsoft.graph.group', ...showGroup(group, select) };
  const principal = state.servicePrincipals.find((candidate) => candidate.id === member.id);
  if (!principal) return null;
  return {
    '@odata.type': '#microsoft.graph.servicePrincipal',
    ...pick({ ...principal }, select, Object.keys(principal)),
    id: principal.id,
  };
}

function pick(
  properties: Readonly<Record<string, unknown>>,
  select: string | undefined,
  defaults: readonly string[],
): Record<string, unknown> {
  const names = select === undefined ? defaults : select.split(',').map((name) => name.trim());
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));
}
