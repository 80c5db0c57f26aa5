/**
 * Who is a person and who is a machine, by what a provider's tokens positively say. A token that says neither is nobody's: a
 * service account that nobody thought of must not decide.
 */
import type { JWTPayload } from 'jose';

/** Providers whose access tokens are known; sources: their documentation of access token claims. */
export const PROVIDERS = [
  'entra-v1',
  'entra-v2',
  'okta',
  'keycloak',
  'auth0',
  'google',
  'dex',
  'rfc9068',
] as const;
export type Provider = (typeof PROVIDERS)[number];

export type Bearer = 'person' | 'machine' | 'nobody';

interface Rule {
  readonly isPerson: (claims: JWTPayload) => boolean;
  readonly isMachine: (claims: JWTPayload) => boolean;
}

const text = (claims: JWTPayload, name: string): string => {
  const value = claims[name];
  return typeof value === 'string' ? value : '';
};
const has = (claims: JWTPayload, name: string): boolean => text(claims, name) !== '';

/** Microsoft: delegated tokens have scopes (`scp`); those of an application alone have none, and its own object as subject. */
function entra(client: 'appid' | 'azp', version: string): Rule {
  return {
    isPerson: (claims) =>
      text(claims, 'ver') === version && has(claims, 'scp') && has(claims, 'oid') && claims.idtyp !== 'app',
    isMachine: (claims) =>
      text(claims, 'ver') === version &&
      !has(claims, 'scp') &&
      has(claims, client) &&
      text(claims, 'oid') === text(claims, 'sub'),
  };
}

const SERVICE_ACCOUNT = 'service-account-';
const GOOGLE_SERVICE = '.gserviceaccount.com';

const RULES: Readonly<Record<Provider, Rule>> = {
  'entra-v1': entra('appid', '1.0'),
  'entra-v2': entra('azp', '2.0'),
  // Okta: `uid` is the user and stands in tokens of users only; a service's subject is its client
  okta: {
    isPerson: (claims) => has(claims, 'uid'),
    isMachine: (claims) =>
      claims.uid === undefined && has(claims, 'cid') && text(claims, 'cid') === text(claims, 'sub'),
  },
  // Keycloak: a person has a session; a service account is a user of a reserved name
  keycloak: {
    isPerson: (claims) =>
      (has(claims, 'sid') || has(claims, 'session_state')) &&
      has(claims, 'preferred_username') &&
      !text(claims, 'preferred_username').startsWith(SERVICE_ACCOUNT),
    isMachine: (claims) => text(claims, 'preferred_username').startsWith(SERVICE_ACCOUNT),
  },
  // Auth0: `<connection>|<id>` is a user; `<client>@clients` is an application
  auth0: {
    isPerson: (claims) => claims.gty !== 'client-credentials' && /^[^|@]+\|[^|]+/.test(text(claims, 'sub')),
    isMachine: (claims) => claims.gty === 'client-credentials' && text(claims, 'sub').endsWith('@clients'),
  },
  google: {
    isPerson: (claims) =>
      claims.email_verified === true &&
      has(claims, 'email') &&
      !text(claims, 'email').endsWith(GOOGLE_SERVICE) &&
      !text(claims, 'azp').endsWith(GOOGLE_SERVICE),
    isMachine: (claims) => text(claims, 'email').endsWith(GOOGLE_SERVICE),
  },
  // Dex: who comes from a connector has a mail address; a client of its own has none
  dex: {
    isPerson: (claims) =>
      claims.email_verified === true &&
      has(claims, 'email') &&
      !text(claims, 'email').endsWith(GOOGLE_SERVICE) &&
      !isOwnSubject(claims),
    isMachine: (claims) => !has(claims, 'email') && isOwnSubject(claims),
  },
  // RFC 9068: a subject that signed in has a time, a session or a method; a client alone is its own subject
  rfc9068: {
    isPerson: (claims) =>
      claims.idtyp !== 'app' &&
      !isOwnSubject(claims) &&
      (typeof claims.auth_time === 'number' || has(claims, 'sid') || Array.isArray(claims.amr)),
    isMachine: (claims) => claims.idtyp === 'app' || isOwnSubject(claims),
  },
};

function isOwnSubject(claims: JWTPayload): boolean {
  const subject = text(claims, 'sub');
  return subject !== '' && ['client_id', 'azp', 'appid'].some((name) => text(claims, name) === subject);
}

/** Who bears a token of a provider; one that fits both rules fits none. */
export function bearerOf(claims: JWTPayload, provider: Provider): Bearer {
  const { isPerson, isMachine } = RULES[provider];
  const [person, machine] = [isPerson(claims), isMachine(claims)];
  if (person === machine) return 'nobody';
  return person ? 'person' : 'machine';
}
