/** Who calls: the claims of a verified access token. */
import type { Actor } from './request.js';

export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** the directory's id of the account that signed in; of a machine, its client id */
  readonly accountId: string;
  /** the directory's person id, the same for all accounts of one person; of a machine, its client id */
  readonly personId: string;
  readonly kind: 'person' | 'machine';
  /** directory ids of groups */
  readonly groups: readonly string[];
  /** the OIDC client that the token was made for, where the token says it */
  readonly client?: string;
  /** how to address the caller on the page; never kept in the ledger */
  readonly name: string;
  /** seconds since the epoch when the person last proved who he is */
  readonly authTime: number;
}

/** The caller as the ledger names him. */
export function actorOf(identity: Identity): Actor {
  return { kind: identity.kind, id: identity.personId };
}
