import type { World } from '../world.js';

/** One account that can sign in, with the claims that Gatehouse reads. */
export interface OidcAccount {
  /** subject and directory account id */
  readonly id: string;
  /** what people type; the principal name and the mail address do as well */
  readonly login: string;
  readonly names: readonly string[];
  readonly displayName: string;
  readonly email: string;
  /** the same for all accounts of one person */
  readonly personId: string;
  /** directory ids of the groups, nested ones included */
  readonly groups: readonly string[];
  readonly groupNames: readonly string[];
  readonly enabled: boolean;
}

/** The accounts of the example world. A person without employee id is her own person. */
export function accountsOf(world: World): readonly OidcAccount[] {
  return world.people.map((person) => {
    const groups = groupsOf(world, person.id);
    return {
      id: person.id,
      login: person.key,
      names: [person.key, person.userPrincipalName, person.mail ?? ''].filter((name) => name !== ''),
      displayName: person.displayName,
      email: person.mail ?? person.userPrincipalName,
      personId: person.employeeId ?? person.id,
      groups: groups.map((group) => group.id),
      groupNames: groups.map((group) => group.name),
      enabled: person.accountEnabled,
    };
  });
}

function groupsOf(world: World, member: string): World['groups'] {
  const found = new Set<string>();
  const add = (id: string): void => {
    for (const group of world.groups) {
      if (found.has(group.id) || !group.members.some((one) => one.id === id)) continue;
      found.add(group.id);
      add(group.id);
    }
  };
  add(member);
  return world.groups.filter((group) => found.has(group.id));
}

/** The account of a typed name; undefined for an unknown or a disabled one. */
export function accountNamed(accounts: readonly OidcAccount[], name: string): OidcAccount | undefined {
  const wanted = name.trim().toLowerCase();
  return accounts.find(
    (account) => account.enabled && account.names.some((known) => known.toLowerCase() === wanted),
  );
}

/** Claims of ID tokens and access tokens alike. */
export function claimsOf(account: OidcAccount): Record<string, unknown> {
  return {
    oid: account.id,
    person_id: account.personId,
    groups: account.groups,
    name: account.displayName,
    email: account.email,
  };
}
