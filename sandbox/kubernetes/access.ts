import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../framework/refusal.js';
import type { Resource } from './resources.js';
import { forbidden } from './status-answers.js';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** A bearer token and what it may do in one cluster. */
export interface Account {
  readonly token: string;
  readonly cluster: string;
  /** user name as messages show it */
  readonly user: string;
  /** by plural name of the kind; `*` for all kinds */
  readonly rights: Readonly<Record<string, readonly Verb[]>>;
}

const ALL: readonly Verb[] = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** Full rights, for the tests' own preparations. */
export const EVERYTHING: Account['rights'] = { '*': ALL };

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export class Access {
  readonly #accounts: readonly Account[];

  constructor(accounts: readonly Account[]) {
    this.#accounts = accounts;
  }

  /** Who calls. Throws 401 for no token, a wrong one, and one of another cluster. */
  callerOf(cluster: string, authorization: string | undefined): Account {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    const account = this.#accounts.find(
      (one) =>
        one.cluster === cluster && token !== undefined && timingSafeEqual(digest(one.token), digest(token)),
    );
    if (account === undefined) throw new Refusal(401, 'Unauthorized');
    return account;
  }

  may(account: Account, verb: Verb, resource: Resource): boolean {
    return [account.rights[resource.plural], account.rights['*']].some(
      (verbs) => verbs?.includes(verb) ?? false,
    );
  }

  /** Throws 403 with the words of the API server. */
  demand(account: Account, verb: Verb, resource: Resource, namespace: string): void {
    if (!this.may(account, verb, resource)) throw forbidden(account.user, verb, resource, namespace);
  }
}
