/** From an account to the person behind it: four eyes count people, not accounts (design, section 5). */
import type { Identity } from '../domain/identity.js';
import { isSamePerson, personIdOf } from '../domain/person-id.js';
import type { TokenIdentity } from './token-identity.js';

/** The directory's answer for an account id, or null when it knows none of that id. Its own errors pass through. */
export type PersonLookup = (accountId: string) => Promise<{ readonly personId: string } | null>;

export type PersonRefusal = 'unknown-account' | 'no-person' | 'contradiction' | 'groups-left-out';

/** The bearer of a token is not one known person. Nothing may be done in his name. */
export class PersonError extends Error {
  override readonly name = 'PersonError';
  readonly reason: PersonRefusal;

  constructor(reason: PersonRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Makes the caller of what a token says.
 *
 * The person id comes from the directory where it can be asked, and a token that contradicts it is refused: a provider that
 * lets people edit that claim must not let the requester approve under a second name. Without a directory the token must
 * name the person; the guard of every effect asks the directory again before it counts a vote. A person without a known time
 * of login counts as one who signed in long ago.
 *
 * @param lookUp unset: this process cannot ask the directory
 * @throws PersonError with the reason
 */
export async function identityBehind(token: TokenIdentity, lookUp?: PersonLookup): Promise<Identity> {
  const { issuer, subject, kind, accountId, groups, client } = token;
  const common = {
    ...{ issuer, subject, kind, accountId, groups, name: token.name ?? accountId },
    ...(client === undefined ? {} : { client }),
  };
  if (kind === 'machine') return { ...common, personId: accountId, authTime: 0 };
  if (token.groupsIncomplete) {
    throw new PersonError(
      'groups-left-out',
      'The provider left groups out of the token because there are too many. Have it send only those assigned to Gatehouse.',
    );
  }
  return { ...common, personId: personIdOf(await spelledIn(token, lookUp)), authTime: token.authTime ?? 0 };
}

async function spelledIn({ accountId, personId }: TokenIdentity, lookUp?: PersonLookup): Promise<string> {
  if (lookUp === undefined) {
    if (personId !== undefined) return personId;
    throw new PersonError(
      'no-person',
      'The token does not name the person. Have the provider send that claim, or configure its name.',
    );
  }
  const found = await lookUp(accountId);
  if (found === null) {
    throw new PersonError(
      'unknown-account',
      'The directory does not know this account. Ask its administrators.',
    );
  }
  if (personId !== undefined && !isSamePerson(personId, found.personId)) {
    throw new PersonError(
      'contradiction',
      'The login and the directory name different people for this account.',
    );
  }
  return found.personId;
}
