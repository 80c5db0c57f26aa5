/** From an account to the person behind it: four eyes count people, not accounts (design, section 5). */
import type { Identity } from './identity.js';

/** A person who signed in: the identity with a person id that the directory stands for. */
export interface Person extends Identity {
  readonly kind: 'person';
  readonly personId: string;
}

/** The directory's answer for an account, or null when it knows none of that id. */
export type PersonLookup = (accountId: string) => Promise<{ readonly personId: string } | null>;

/** The caller is not one person in the eyes of the directory. */
export class PersonError extends Error {
  override readonly name = 'PersonError';
  readonly reason: 'machine' | 'unknown-account' | 'contradiction';

  constructor(reason: 'machine' | 'unknown-account' | 'contradiction', message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Asks the directory who stands behind an account. The directory is always asked, also when the token names a person: a
 * provider that lets people edit that claim must not let the requester approve under a second name.
 *
 * @throws PersonError for a machine, an account that the directory does not know, or a token that contradicts it
 */
export async function personBehind(identity: Identity, lookUp: PersonLookup): Promise<Person> {
  if (identity.kind === 'machine')
    throw new PersonError('machine', 'A machine never decides. Sign in as a person.');
  const found = await lookUp(identity.accountId);
  if (found === null) {
    throw new PersonError(
      'unknown-account',
      'The directory does not know this account. Ask its administrators.',
    );
  }
  if (identity.personId !== undefined && identity.personId !== found.personId) {
    throw new PersonError(
      'contradiction',
      'The login and the directory name different people for this account.',
    );
  }
  return { ...identity, kind: 'person', personId: found.personId };
}
