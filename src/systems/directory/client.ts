import type { Static, TSchema } from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { isSamePerson, personIdOf } from '../../domain/person-id.js';
import { bearer, JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { readError } from './errors.js';
import { Member, pageOf, USER_FIELDS, User } from './shapes.js';
import type { DirectoryPerson, DirectoryUser } from './types.js';

/** Largest page that Graph gives. */
const PAGE_SIZE = '999';
/** Pages that one list may have: 200 × 999 is above any group that is invited or approves; ends a list without end. */
const MOST_PAGES = 200;
const USER_TYPE = '#microsoft.graph.user';
const SELECT_USER = USER_FIELDS.join(',');

export interface DirectoryOptions {
  /** `https://graph.microsoft.com/v1.0` or that of a national cloud */
  readonly baseUrl: string;
  /** a token for the scope `https://graph.microsoft.com/.default`, asked anew for each call */
  readonly token: () => Promise<string>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

/** The company's directory by Microsoft Graph v1.0, read only. All methods throw `SystemError`. */
export class DirectoryClient {
  readonly #http: JsonRequester;

  constructor(options: DirectoryOptions) {
    this.#http = new JsonRequester({
      system: 'directory',
      baseUrl: options.baseUrl,
      credential: async () => bearer(await options.token()),
      timeoutMs: options.timeoutMs,
      bucket: options.bucket,
      readError,
    });
  }

  /**
   * The account with this mail address; when there is none, the account that signs in with it (user principal name); else
   * null. Guests' names hold a `#`, which is sent encoded.
   * @throws SystemError kind `conflict` when several accounts have the address
   */
  async userByMail(mail: string, signal?: AbortSignal): Promise<DirectoryUser | null> {
    const subject = subjectOf('list users', mail);
    const found = await this.#usersWhere('mail', mail, subject, signal);
    if (found.length > 1) {
      const ids = found.map((user) => user.id).join(', ');
      throw new SystemError(
        troubleOf(subject, 'conflict', `several accounts have this mail address: ${ids}`, {
          remedy: 'Let the directory hold the address on one account only, then retry.',
        }),
      );
    }
    return found[0] ?? (await this.userById(mail, signal));
  }

  /** The account with this object id or user principal name, or null. */
  async userById(idOrPrincipalName: string, signal?: AbortSignal): Promise<DirectoryUser | null> {
    const subject = subjectOf('get user', idOrPrincipalName);
    try {
      const answer = await this.#http.send({
        ...subject,
        method: 'GET',
        path: ['users', idOrPrincipalName],
        query: { $select: SELECT_USER },
        signal,
      });
      return toUser(shapeOf(User, answer.body, subject), subject);
    } catch (error) {
      if (error instanceof SystemError && error.trouble.kind === 'not-found') return null;
      throw error;
    }
  }

  /**
   * All people in a group and in the groups within it, disabled accounts too, each account once, in the order of their
   * ids. Groups, devices and service principals are left out. The cast to users that the vendor offers is not used: it
   * reads from an index that lags, and who may decide hangs on this answer.
   * @throws SystemError kind `not-found` when there is no such group
   */
  async groupMembers(groupId: string, signal?: AbortSignal): Promise<readonly DirectoryUser[]> {
    const subject = subjectOf('list transitive members', groupId);
    const path = ['groups', groupId, 'transitiveMembers'];
    const query = { $select: SELECT_USER, $top: PAGE_SIZE };
    const members = await this.#list(Member, path, query, subject, signal);
    const users = new Map<string, DirectoryUser>();
    for (const member of members) {
      if (member['@odata.type'] !== USER_TYPE) continue;
      const user = toUser(shapeOf(User, member, subject), subject);
      users.set(user.id, user);
    }
    return [...users.values()].sort(byId);
  }

  /**
   * True when an enabled account of the person (or the account itself) is in the group or in a group within it.
   * @param personOrAccountId a person id as in `DirectoryUser.personId`, or an account's object id
   */
  async isMember(personOrAccountId: string, groupId: string, signal?: AbortSignal): Promise<boolean> {
    const members = await this.groupMembers(groupId, signal);
    return members.some(
      (user) =>
        user.enabled && (isSamePerson(user.personId, personOrAccountId) || user.id === personOrAccountId),
    );
  }

  /** The person behind an account with all accounts of that person (aliases), or null when there is no such account. */
  async personOf(accountId: string, signal?: AbortSignal): Promise<DirectoryPerson | null> {
    const user = await this.userById(accountId, signal);
    if (user === null) return null;
    const { personId, displayName } = user;
    if (isSamePerson(personId, user.id)) return { personId, displayName, accounts: [user] };
    const aliases = await this.#usersWhere('employeeId', personId, subjectOf('list users', personId), signal);
    const others = aliases.filter((alias) => alias.id !== user.id);
    return { personId, displayName, accounts: [user, ...others].sort(byId) };
  }

  /** Reads one user, for `doctor`. */
  async ping(signal?: AbortSignal): Promise<void> {
    const subject = subjectOf('list users', 'first');
    const query = { $select: SELECT_USER, $top: '1' };
    const answer = await this.#http.send({ ...subject, method: 'GET', path: 'users', query, signal });
    for (const user of shapeOf(pageOf(User), answer.body, subject).value) toUser(user, subject);
  }

  async #usersWhere(
    field: 'mail' | 'employeeId',
    value: string,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<readonly DirectoryUser[]> {
    // A quote inside an OData text is doubled.
    const query = { $filter: `${field} eq '${value.replaceAll("'", "''")}'`, $select: SELECT_USER };
    const found = await this.#list(User, 'users', query, subject, signal);
    return found.map((user) => toUser(user, subject));
  }

  async #list<S extends TSchema>(
    item: S,
    path: string | readonly string[],
    query: Readonly<Record<string, string>>,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<Static<S>[]> {
    const schema = pageOf(item);
    const items: Static<S>[] = [];
    const seen = new Set<string>();
    let next: { path: string | readonly string[]; query?: Readonly<Record<string, string>> } = {
      path,
      query,
    };
    for (;;) {
      const answer = await this.#http.send({ ...subject, method: 'GET', ...next, signal });
      const page = shapeOf(schema, answer.body, subject);
      for (const each of page.value) items.push(each);
      const link = page['@odata.nextLink'];
      if (link === undefined) return items;
      if (seen.has(link) || seen.size >= MOST_PAGES) {
        throw new SystemError(
          troubleOf(subject, 'malformed', `the list does not end within ${seen.size + 1} pages`),
        );
      }
      seen.add(link);
      next = { path: link };
    }
  }
}

function subjectOf(operation: string, object: string): CallSubject {
  return { system: 'directory', operation, object };
}

function byId(a: DirectoryUser, b: DirectoryUser): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/**
 * Hidden is not absent: without the right to read users Graph answers with null for every property, and no account is without
 * `accountEnabled`. A switched-off account must not count as a member, nor an alias as a person of its own.
 */
function toUser(found: Static<typeof User>, subject: CallSubject): DirectoryUser {
  const { mail, givenName, surname, accountEnabled } = found;
  if (typeof accountEnabled !== 'boolean') {
    throw new SystemError(
      troubleOf(subject, 'forbidden', `the directory hides whether the account ${found.id} is enabled`, {
        remedy:
          'Give the application of Gatehouse the permission User.Read.All (application, with consent), then retry.',
      }),
    );
  }
  return {
    id: found.id,
    personId: personIdOf(found.employeeId || found.id),
    userPrincipalName: found.userPrincipalName ?? '',
    displayName: found.displayName || found.userPrincipalName || found.id,
    guest: found.userType === 'Guest',
    enabled: accountEnabled,
    ...(mail ? { mail } : {}),
    ...(givenName ? { givenName } : {}),
    ...(surname ? { surname } : {}),
  };
}
