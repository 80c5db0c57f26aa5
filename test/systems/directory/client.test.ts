import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { entraClientOf, groupOf, personOf } from '../../../sandbox/world.js';
import { azureCredential, GRAPH_SCOPE, tokenFor } from '../../../src/systems/azure/credential.js';
import { DirectoryClient } from '../../../src/systems/directory/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { troubleFrom } from '../http/trouble-of.js';
import { startVendor, type VendorServer } from '../http/vendor-server.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

let standIns: StandIns;
let control: ControlClient;
let directory: DirectoryClient;
const open: VendorServer[] = [];

beforeAll(async () => {
  standIns = await startStandIns('directory');
  control = standIns.control('directory');
  directory = clientWith(entraClientOf(standIns.world, 'gatehouse').clientSecret);
});

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  await control.removeFaults();
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function clientWith(clientSecret: string): DirectoryClient {
  const { entra } = standIns.world;
  const credential = azureCredential({
    kind: 'token-endpoint',
    tokenUrl: `${standIns.origin('directory')}/${entra.tenantId}/oauth2/v2.0/token`,
    clientId: entraClientOf(standIns.world, 'gatehouse').clientId,
    clientSecret: new Secret(clientSecret),
  });
  return new DirectoryClient({
    baseUrl: `${standIns.origin('directory')}/v1.0`,
    token: tokenFor(credential, GRAPH_SCOPE),
  });
}

function idOf(key: string): string {
  return personOf(standIns.world, key).id;
}

function groupId(name: string): string {
  return groupOf(standIns.world, name).id;
}

describe('a person by mail', () => {
  it('is found with names, mail and person id', async () => {
    expect(await directory.userByMail('dora@example.com')).toEqual({
      id: idOf('dora'),
      personId: 'e-1004',
      mail: 'dora@example.com',
      userPrincipalName: 'dora@example.com',
      displayName: 'Dora Jäger-Müller',
      givenName: 'Dora',
      surname: 'Jäger-Müller',
      guest: false,
      enabled: true,
    });
  });

  it('is found by an address with an apostrophe, which is doubled in the filter', async () => {
    expect(await directory.userByMail("fay.o'neill@example.com")).toMatchObject({ id: idOf('fay') });
  });

  it('a mail that tries to widen the filter finds nobody', async () => {
    expect(await directory.userByMail("x' or mail eq 'ada@example.com")).toBeNull();
  });

  it('an account without mail is found by its principal name', async () => {
    const found = await directory.userByMail('adm-ada@example.com');
    expect(found).toMatchObject({ id: idOf('adm-ada') });
    expect(found).not.toHaveProperty('mail');
  });

  it('a guest is found by the principal name with its # encoded', async () => {
    const name = personOf(standIns.world, 'gina').userPrincipalName;
    expect(name).toContain('#EXT#');
    expect(await directory.userById(name)).toMatchObject({
      id: idOf('gina'),
      guest: true,
      personId: idOf('gina'),
    });
  });

  it('is null when there is nobody', async () => {
    expect(await directory.userByMail('nobody@example.com')).toBeNull();
    expect(await directory.userById('00000000-0000-4000-8000-000000000000')).toBeNull();
  });

  it('is a conflict when two accounts have the address', async () => {
    const twin = {
      id: 'a',
      mail: 'x@example.com',
      userPrincipalName: 'a',
      displayName: 'a',
      accountEnabled: true,
    };
    const vendor = await startVendor(() => ({ body: { value: [twin, { ...twin, id: 'b' }] } }));
    open.push(vendor);
    const client = new DirectoryClient({ baseUrl: vendor.url, token: async () => 't' });
    const trouble = await troubleFrom(client.userByMail('x@example.com'));
    expect(trouble).toMatchObject({ kind: 'conflict', message: expect.stringContaining('a, b') });
  });
});

describe('members of a group', () => {
  it('are people only, those of nested groups too, each once', async () => {
    const members = await directory.groupMembers(groupId('platform-team'));
    const expected = ['ada', 'dora', 'emil', 'fay', 'olga', 'gina'].map(idOf).sort();
    expect(members.map(({ id }) => id)).toEqual(expected);
  });

  it('may have no mail', async () => {
    const members = await directory.groupMembers(groupId('shop-floor'));
    expect(members.map(({ mail }) => mail)).toEqual([undefined, undefined]);
  });

  it('are not told when their properties are hidden: a switched-off account must not count', async () => {
    const hidden = { '@odata.type': '#microsoft.graph.user', id: 'a', mail: null, accountEnabled: null };
    const vendor = await startVendor(({ target }) => ({
      body: target.includes('/users/') ? hidden : { value: [hidden] },
    }));
    open.push(vendor);
    const client = new DirectoryClient({ baseUrl: vendor.url, token: async () => 't' });
    for (const question of [
      client.groupMembers('g'),
      client.isMember('a', 'g'),
      client.personOf('a'),
      client.ping(),
    ]) {
      expect(await troubleFrom(question)).toMatchObject({
        kind: 'forbidden',
        remedy: expect.stringContaining('User.Read.All'),
      });
    }
  });

  it('come from all pages, each link followed as it is', async () => {
    const user = { '@odata.type': '#microsoft.graph.user', id: 'a', accountEnabled: true };
    // as Graph writes it: some characters encoded, some not
    const next = '/groups/g/transitiveMembers?$top=999&%24select=id,mail&$skiptoken=RFNwdAIAAQ%3D%3D';
    const vendor = await startVendor(({ target, headers }) => ({
      body: target.includes('skiptoken')
        ? { value: [{ ...user, id: 'b' }] }
        : { value: [user], '@odata.nextLink': `http://${headers.host}${next}` },
    }));
    open.push(vendor);
    const client = new DirectoryClient({ baseUrl: vendor.url, token: async () => 't' });
    expect((await client.groupMembers('g')).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(vendor.seen.map(({ target }) => target).slice(1)).toEqual([next]);
  });

  it('are none for an empty group, and trouble for a group that is not there', async () => {
    expect(await directory.groupMembers(groupId('empty'))).toEqual([]);
    const absent = '00000000-0000-4000-8000-000000000000';
    expect(await troubleFrom(directory.groupMembers(absent))).toMatchObject({
      system: 'directory',
      kind: 'not-found',
      object: absent,
      code: 'Request_ResourceNotFound',
    });
  });

  it('a link to the next page that leads back ends the list with trouble', async () => {
    const vendor = await startVendor((request) => ({
      body: {
        value: [],
        '@odata.nextLink': `http://${request.headers.host}/groups/g/transitiveMembers?$skiptoken=1`,
      },
    }));
    open.push(vendor);
    const client = new DirectoryClient({ baseUrl: vendor.url, token: async () => 't' });
    expect(await troubleFrom(client.groupMembers('g'))).toMatchObject({ kind: 'malformed' });
    expect(vendor.seen).toHaveLength(2);
  });

  it('a link to the next page on another host gets no token', async () => {
    const other = await startVendor(() => ({ body: { value: [] } }));
    const vendor = await startVendor(() => ({
      body: { value: [], '@odata.nextLink': `${other.url}/page2` },
    }));
    open.push(other, vendor);
    const client = new DirectoryClient({ baseUrl: vendor.url, token: async () => 't' });
    expect(await troubleFrom(client.groupMembers('g'))).toMatchObject({ kind: 'malformed' });
    expect(other.seen).toHaveLength(0);
  });
});

describe('membership and persons', () => {
  it('counts by person: an administrator account makes its owner a member', async () => {
    const procurement = groupId('procurement');
    expect(await directory.isMember('E-1001', procurement)).toBe(true);
    expect(await directory.isMember('e-1001', procurement)).toBe(true);
    expect(await directory.isMember(idOf('adm-ada'), procurement)).toBe(true);
    expect(await directory.isMember('E-1002', procurement)).toBe(true);
    expect(await directory.isMember('E-1003', procurement)).toBe(false);
    // Ada's everyday account is not in the group itself
    expect(await directory.isMember(idOf('ada'), procurement)).toBe(false);
  });

  it('a disabled account makes nobody a member', async () => {
    const vendor = await startVendor(() => ({
      body: {
        value: [
          { '@odata.type': '#microsoft.graph.user', id: 'u1', employeeId: 'E1', accountEnabled: false },
          { '@odata.type': '#microsoft.graph.user', id: 'u2', employeeId: 'E2', accountEnabled: true },
        ],
      },
    }));
    open.push(vendor);
    const client = new DirectoryClient({ baseUrl: vendor.url, token: async () => 't' });
    expect(await client.isMember('E1', 'g')).toBe(false);
    expect(await client.isMember('E2', 'g')).toBe(true);
  });

  it('a person has all accounts of the same employee id, which is asked for by name', async () => {
    const fromEither = await Promise.all([
      directory.personOf(idOf('ada')),
      directory.personOf(idOf('adm-ada')),
    ]);
    for (const person of fromEither) {
      expect(person?.personId).toBe('e-1001');
      expect(person?.accounts.map(({ id }) => id)).toEqual([idOf('ada'), idOf('adm-ada')].sort());
    }
  });

  it('a person without employee id is the account itself', async () => {
    expect(await directory.personOf(idOf('gina'))).toMatchObject({
      personId: idOf('gina'),
      accounts: [{ id: idOf('gina') }],
    });
    expect(await directory.personOf('00000000-0000-4000-8000-000000000000')).toBeNull();
  });
});

describe('trouble', () => {
  it('a fractional Retry-After is kept, and 504 without one is unavailability', async () => {
    const fault = { match: { method: 'GET' }, when: 'before', kind: 'status' } as const;
    await control.addFault({ ...fault, id: 'a', status: 429, headers: { 'retry-after': '2.128' } });
    expect(await troubleFrom(directory.userById('x'))).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 2128,
    });
    await control.addFault({ ...fault, id: 'b', status: 504 });
    const trouble = await troubleFrom(directory.userById('x'));
    expect(trouble.kind).toBe('unavailable');
    expect(trouble).not.toHaveProperty('retryAfterMs');
  });

  it("names the vendor's request id, which its support asks for", async () => {
    const absent = '00000000-0000-4000-8000-000000000000';
    const { message } = await troubleFrom(directory.groupMembers(absent));
    expect(message).toMatch(/\(request-id [0-9a-f-]{36}\)$/);
  });

  it('a client secret that is wrong is trouble of the whole provider', async () => {
    const trouble = await troubleFrom(clientWith('wrong').ping());
    expect(trouble).toMatchObject({
      system: 'directory',
      kind: 'unauthenticated',
      operation: 'get access token',
    });
  });
});

it('ping reads one user', async () => {
  await directory.ping();
});
