/** Tokens as providers document them: of a person, of a service, and of neither. */
import { describe, expect, it } from 'vitest';
import { bearerOf, PROVIDERS, type Provider } from '../../src/security/person-rule.js';
import { DEFAULT_CLAIM_NAMES, IdentityError, tokenIdentityOf } from '../../src/security/token-identity.js';

const common = { iss: 'https://login.example.com', aud: 'gatehouse', iat: 1, exp: 2 };
const OID = '11111111-2222-3333-4444-555555555555';
const APP = 'aaaaaaaa-0000-4000-8000-000000000001';

const TOKENS: Readonly<Record<Provider, { readonly person: object; readonly machine: object }>> = {
  'entra-v1': {
    person: {
      ver: '1.0',
      sub: 'pairwise',
      oid: OID,
      appid: APP,
      appidacr: '0',
      scp: 'access',
      unique_name: 'ben',
    },
    machine: { ver: '1.0', sub: OID, oid: OID, appid: APP, appidacr: '1', roles: ['ask'] },
  },
  'entra-v2': {
    person: { ver: '2.0', sub: 'pairwise', oid: OID, azp: APP, azpacr: '0', scp: 'access' },
    machine: { ver: '2.0', sub: OID, oid: OID, azp: APP, azpacr: '1', roles: ['ask'] },
  },
  okta: {
    person: { sub: 'ben@example.com', uid: '00u1abcd', cid: '0oa1client', scp: ['openid'] },
    machine: { sub: '0oa1client', cid: '0oa1client', scp: ['ask'] },
  },
  keycloak: {
    person: { sub: OID, azp: 'gatehouse-page', preferred_username: 'ben', sid: 'session-1' },
    machine: { sub: OID, azp: 'ci', client_id: 'ci', preferred_username: 'service-account-ci', oid: OID },
  },
  auth0: {
    person: { sub: 'auth0|5f7c8ec7c33c6c004bbafe82', azp: 'client', scope: 'openid' },
    machine: { sub: 'abc123@clients', azp: 'abc123', gty: 'client-credentials' },
  },
  google: {
    person: {
      sub: '1122334455',
      azp: 'page.apps.googleusercontent.com',
      email: 'ben@example.com',
      email_verified: true,
    },
    machine: {
      sub: '1122334455',
      azp: 'svc@project.iam.gserviceaccount.com',
      email: 'svc@project.iam.gserviceaccount.com',
      email_verified: true,
    },
  },
  dex: {
    person: { sub: 'CgNiZW4SBGxkYXA', email: 'ben@example.com', email_verified: true, name: 'Ben' },
    machine: { sub: 'ci', azp: 'ci' },
  },
  rfc9068: {
    person: { sub: 'ben', client_id: 'page', auth_time: 1 },
    machine: { sub: 'ci', client_id: 'ci' },
  },
};

describe.each(PROVIDERS)('a token of %s', (provider) => {
  const { person, machine } = TOKENS[provider];

  it('is of a person or of a machine by what it says', () => {
    expect(bearerOf({ ...common, ...person }, provider)).toBe('person');
    expect(bearerOf({ ...common, ...machine }, provider)).toBe('machine');
  });

  it('that says neither is of nobody', () => {
    expect(bearerOf({ ...common, sub: 'somebody' }, provider)).toBe('nobody');
  });

  it('of a service of any other provider is never taken for a person', () => {
    for (const [other, tokens] of Object.entries(TOKENS)) {
      expect([other, bearerOf({ ...common, ...tokens.machine }, provider)]).not.toEqual([other, 'person']);
    }
  });
});

it('nobody is refused, with the setting that says who is a person', () => {
  const identify = () => tokenIdentityOf({ ...common, sub: 'x', oid: OID }, DEFAULT_CLAIM_NAMES, 'entra-v2');
  expect(identify).toThrow(IdentityError);
  expect(identify).toThrow(/signIn\.provider/);
});
