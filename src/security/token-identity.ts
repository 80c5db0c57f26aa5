/** What the claims of a verified token say about who calls. `identityBehind` makes the caller of it. */
import type { JWTPayload } from 'jose';
import { bearerOf, type Provider } from './person-rule.js';

/** Names of the claims; providers differ, e.g. Microsoft Entra sends the employee id only where it is asked for. */
export interface ClaimNames {
  /** the directory's id of the account */
  readonly accountId: string;
  /** the directory's id of the person, the same for all of her accounts */
  readonly personId: string;
  readonly groups: string;
  readonly authTime: string;
  readonly name: string;
}

export const DEFAULT_CLAIM_NAMES: ClaimNames = {
  accountId: 'oid',
  personId: 'person_id',
  groups: 'groups',
  authTime: 'auth_time',
  name: 'name',
};

/** The bearer of a token, as far as the token tells. */
export interface TokenIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly kind: 'person' | 'machine';
  /** the directory's id of the account, or the client id of a machine */
  readonly accountId: string;
  /**
   * The directory's id of the person. Absent when the token doesn't say. The account id never takes its place: a second
   * account of the requester would pass as somebody else.
   */
  readonly personId?: string;
  /** ids or names of groups, as the provider sends them */
  readonly groups: readonly string[];
  /** the provider left groups out because there are too many of them */
  readonly groupsIncomplete: boolean;
  readonly name?: string;
  /** the client that the token was made for, where the token says it */
  readonly client?: string;
  /** seconds since the epoch when the person last proved who she is; absent when the token doesn't say */
  readonly authTime?: number;
}

/** The claims of a valid token do not say who calls. `claim` is the name of the one that is missing or wrong. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly claim: string;

  constructor(claim: string, message: string) {
    super(message);
    this.claim = claim;
  }
}

/**
 * Reads who it is from verified claims.
 *
 * @param provider whose rule says who is a person and who is a machine
 * @throws IdentityError when a claim is missing or of another type, or when the token is neither a person's nor a machine's
 */
export function tokenIdentityOf(
  claims: JWTPayload,
  names: ClaimNames = DEFAULT_CLAIM_NAMES,
  provider: Provider = 'rfc9068',
): TokenIdentity {
  const issuer = required(claims, 'iss');
  const subject = required(claims, 'sub');
  const client =
    optional(claims, 'client_id') ??
    optional(claims, 'azp') ??
    optional(claims, 'appid') ??
    optional(claims, 'cid');
  const bearer = bearerOf(claims, provider);
  if (bearer === 'nobody') {
    throw new IdentityError(
      'sub',
      `The token does not say whether a person or a machine bears it, by the rule for ${provider}. Set signIn.provider to the provider's kind, and have it send the claims of that rule.`,
    );
  }
  const machine = bearer === 'machine';
  const personId = optional(claims, names.personId);
  const name = optional(claims, names.name);
  const authTime = timeOf(claims, names.authTime);
  return {
    issuer,
    subject,
    kind: machine ? 'machine' : 'person',
    accountId: machine ? (client ?? subject) : required(claims, names.accountId),
    // a machine is no person, whatever its token says
    ...(personId === undefined || machine ? {} : { personId }),
    groups: groupsOf(claims, names.groups),
    groupsIncomplete: groupsLeftOut(claims, names.groups),
    ...(name === undefined ? {} : { name }),
    ...(client === undefined ? {} : { client }),
    ...(authTime === undefined || machine ? {} : { authTime }),
  };
}

function optional(claims: JWTPayload, name: string): string | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '')
    throw new IdentityError(name, `The claim ${name} is not a text.`);
  return value;
}

function required(claims: JWTPayload, name: string): string {
  const value = optional(claims, name);
  if (value !== undefined) return value;
  throw new IdentityError(
    name,
    `The token has no claim ${name}. Have the provider send it, or configure its name.`,
  );
}

function timeOf(claims: JWTPayload, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new IdentityError(name, `The claim ${name} is not a time in seconds.`);
}

function groupsOf(claims: JWTPayload, name: string): readonly string[] {
  const value = claims[name];
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((group) => typeof group === 'string')) return value;
  throw new IdentityError(name, `The claim ${name} is not a list of texts.`);
}

/** How Microsoft Entra says that there are more groups than fit (its documentation calls it group overage). */
function groupsLeftOut(claims: JWTPayload, name: string): boolean {
  const elsewhere = claims._claim_names;
  const pointer = typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, name);
  return pointer || claims.hasgroups === true || claims.hasgroups === 'true';
}
