import { describe, expect, it } from 'vitest';
import { IdentityError, tokenIdentityOf } from '../../src/security/token-identity.js';

describe('what a token says', () => {
  const base = { iss: 'https://login.example.com', sub: 's-1', oid: 'a-1', sid: 'session-1' };

  it('is a machine when the subject is the client, or the provider says so', () => {
    const machine = { kind: 'machine', accountId: 'ticketing' };
    expect(tokenIdentityOf({ ...base, sub: 'ticketing', client_id: 'ticketing' })).toMatchObject(machine);
    expect(tokenIdentityOf({ ...base, idtyp: 'app', azp: 'ticketing' })).toMatchObject(machine);
    expect(tokenIdentityOf({ ...base, client_id: 'gatehouse-page' })).toMatchObject({
      kind: 'person',
      accountId: 'a-1',
    });
  });

  it('of a machine is never a person, whatever the token says', () => {
    const machine = tokenIdentityOf({ ...base, idtyp: 'app', azp: 'x', person_id: 'p-1', auth_time: 1 });
    expect(machine).not.toHaveProperty('personId');
    expect(machine).not.toHaveProperty('authTime');
  });

  it('has no person id when the token has none: never that of the account', () => {
    expect(tokenIdentityOf(base)).not.toHaveProperty('personId');
  });

  it('takes other names of claims', () => {
    const names = {
      accountId: 'uid',
      personId: 'employee',
      groups: 'roles',
      authTime: 'at',
      name: 'display',
    };
    expect(
      tokenIdentityOf(
        { iss: 'i', sub: 's', sid: 'session-1', uid: 'a', employee: 'p', roles: ['r'], at: 5, display: 'n' },
        names,
      ),
    ).toMatchObject({ accountId: 'a', personId: 'p', groups: ['r'], authTime: 5, name: 'n' });
  });

  it('says when the provider left groups out', () => {
    expect(tokenIdentityOf({ ...base, _claim_names: { groups: 'src1' } }).groupsIncomplete).toBe(true);
    expect(tokenIdentityOf({ ...base, hasgroups: true }).groupsIncomplete).toBe(true);
  });

  it.each([
    ['groups as text', { groups: 'procurement' }],
    ['groups of numbers', { groups: [1] }],
    ['a time as text', { auth_time: '1' }],
    ['a person id as a number', { person_id: 7 }],
    ['an empty account id', { oid: '' }],
  ])('is refused with %s', (_name, more) => {
    expect(() => tokenIdentityOf({ ...base, ...more })).toThrow(IdentityError);
  });
});
