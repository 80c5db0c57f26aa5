import { describe, expect, it } from 'vitest';
import { identityBehind, PersonError } from '../../src/security/person.js';
import { tokenIdentityOf } from '../../src/security/token-identity.js';

const claims = {
  iss: 'https://login.example.com',
  sub: 's-1',
  oid: 'adm-ada',
  sid: 'session-1',
  groups: ['procurement'],
};
const named = tokenIdentityOf({ ...claims, person_id: 'p-ada', auth_time: 5, name: 'Ada Lovelace' });
const bare = tokenIdentityOf(claims);
const directory = async (accountId: string) => (accountId === 'adm-ada' ? { personId: 'p-ada' } : null);

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PersonError) return error.reason;
    throw error;
  }
  return 'known';
}

describe('the person behind an account', () => {
  it('is who the directory says, also for a second account', async () => {
    expect(await identityBehind(bare, directory)).toEqual({
      issuer: 'https://login.example.com',
      subject: 's-1',
      kind: 'person',
      accountId: 'adm-ada',
      personId: 'p-ada',
      groups: ['procurement'],
      name: 'adm-ada',
      authTime: 0,
    });
  });

  it('is who the token says where the directory cannot be asked', async () => {
    expect(await identityBehind(named)).toMatchObject({
      personId: 'p-ada',
      authTime: 5,
      name: 'Ada Lovelace',
    });
  });

  it('is never the account itself', async () => {
    expect(await refusal(identityBehind(bare))).toBe('no-person');
  });

  it('is nobody when the directory does not know the account, or names somebody else', async () => {
    expect(await refusal(identityBehind({ ...bare, accountId: 'gone' }, directory))).toBe('unknown-account');
    expect(await refusal(identityBehind(named, async () => ({ personId: 'p-eve' })))).toBe('contradiction');
  });

  it('has one spelling, whatever case the login and the directory write it in', async () => {
    const shouted = async () => ({ personId: ' P-ADA' });
    const identities = [
      await identityBehind(named, shouted),
      await identityBehind(bare, shouted),
      await identityBehind(tokenIdentityOf({ ...claims, person_id: 'P-Ada' })),
    ];
    expect(identities.map(({ personId }) => personId)).toEqual(['p-ada', 'p-ada', 'p-ada']);
  });

  it('is not guessed when the directory fails', async () => {
    const down = async () => {
      throw new Error('the directory is down');
    };
    await expect(identityBehind(named, down)).rejects.toThrow('the directory is down');
  });

  it('is told why when the provider left groups out', async () => {
    expect(await refusal(identityBehind(tokenIdentityOf({ ...claims, hasgroups: true }), directory))).toBe(
      'groups-left-out',
    );
  });

  it('is none for a machine, which is known by its client id', async () => {
    const machine = tokenIdentityOf({ ...claims, sub: 'ticketing', client_id: 'ticketing', auth_time: 5 });
    expect(await identityBehind(machine, directory)).toMatchObject({
      kind: 'machine',
      accountId: 'ticketing',
      personId: 'ticketing',
      authTime: 0,
    });
  });
});
