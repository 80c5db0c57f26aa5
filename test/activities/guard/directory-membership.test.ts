/** What the guard asks the directory about who agreed: an answer counts for a minute, trouble never counts for "no". */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { entraClientOf, groupOf, personOf } from '../../../sandbox/world.js';
import { DirectoryMembership } from '../../../src/activities/guard/directory-membership.js';
import { azureCredential, GRAPH_SCOPE, tokenFor } from '../../../src/systems/azure/credential.js';
import { DirectoryClient } from '../../../src/systems/directory/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';

const MINUTE = 60_000;

let standIns: StandIns;
let nowMs = 0;
let membership: DirectoryMembership;

beforeAll(async () => {
  standIns = await startStandIns('directory');
});
afterAll(() => standIns?.close());
beforeEach(() => {
  const { entra } = standIns.world;
  const { clientId, clientSecret } = entraClientOf(standIns.world, 'gatehouse');
  const credential = azureCredential({
    kind: 'token-endpoint',
    tokenUrl: `${standIns.origin('directory')}/${entra.tenantId}/oauth2/v2.0/token`,
    clientId,
    clientSecret: new Secret(clientSecret),
  });
  const directory = new DirectoryClient({
    baseUrl: `${standIns.origin('directory')}/v1.0`,
    token: tokenFor(credential, GRAPH_SCOPE),
  });
  membership = new DirectoryMembership(directory, () => nowMs);
});
afterEach(() => standIns.control('directory').removeFaults());

const group = () => groupOf(standIns.world, 'procurement');
const account = (key: string): string => personOf(standIns.world, key).id;
async function setMembers(members: ReturnType<typeof group>['members']): Promise<void> {
  await standIns.control('directory').post('/groups', { id: group().id, displayName: group().name, members });
}

it('knows members by their account, and who an account belongs to', async () => {
  expect(await membership.isMember(account('ben'), group().id)).toBe(true);
  expect(await membership.isMember(account('emil'), group().id)).toBe(false);
  expect(await membership.personIdOf(account('adm-ada'))).toBe(await membership.personIdOf(account('ada')));
  expect(await membership.personIdOf('00000000-0000-4000-8000-000000000000')).toBeNull();
});

it('sees within a minute that somebody has left', async () => {
  expect(await membership.isMember(account('ben'), group().id)).toBe(true);
  await setMembers(group().members.filter(({ id }) => id !== account('ben')));
  try {
    nowMs += MINUTE + 1;
    expect(await membership.isMember(account('ben'), group().id)).toBe(false);
  } finally {
    await setMembers(group().members);
  }
});

it('is in trouble when the directory is, and asks again the next time', async () => {
  const control = standIns.control('directory');
  await control.addFault({ id: 'away', match: { path: '/v1.0/' }, when: 'before', kind: 'cut', times: 0 });
  await expect(membership.isMember(account('ben'), group().id)).rejects.toMatchObject({
    name: 'SystemError',
  });
  await control.removeFaults();
  expect(await membership.isMember(account('ben'), group().id)).toBe(true);
});
