import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { entraClientOf, groupOf, personOf } from '../../../sandbox/world.js';
import { type RunningSandbox, runSandbox } from '../framework/running-sandbox.js';

const SCOPE = 'https://graph.microsoft.com/.default';

let sandbox: RunningSandbox;
let control: ControlClient;
let token: string;

beforeAll(async () => {
  sandbox = await runSandbox(['directory']);
  control = sandbox.control('directory');
  token = await sandbox.token('gatehouse', SCOPE);
});
afterEach(async () => {
  expect(await control.violations()).toEqual([]);
  await control.removeFaults();
  await control.settings({ pageSize: 100, consistencyMs: 0, tokenSeconds: 3600 });
});
afterAll(() => sandbox.close());

async function graph(
  path: string,
  more: { method?: string; body?: unknown; token?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const url = path.startsWith('http') ? path : `${sandbox.origin('directory')}/v1.0${path}`;
  const bearer = more.token ?? token;
  const answer = await fetch(url, {
    method: more.method ?? 'GET',
    headers: {
      ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
      ...(more.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more.headers,
    },
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
}

const where = (filter: string) => `/users?$filter=${encodeURIComponent(filter)}`;
const person = (key: string) => personOf(sandbox.world, key);
const group = (name: string) => groupOf(sandbox.world, name);
const named = (...keys: string[]) =>
  expect.arrayContaining(keys.map((key) => expect.objectContaining({ id: person(key).id })));

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null
    ? Object.entries(body).find(([key]) => key === name)?.[1]
    : undefined;
}
function items(body: unknown): unknown[] {
  const value = field(body, 'value');
  return Array.isArray(value) ? value : [];
}

async function tokenRequest(change: Record<string, string>, tenant = sandbox.world.entra.tenantId) {
  const client = entraClientOf(sandbox.world, 'gatehouse');
  const answer = await fetch(`${sandbox.origin('directory')}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
      scope: SCOPE,
      ...change,
    }),
  });
  return { status: answer.status, body: await answer.json() };
}

describe('token endpoint', () => {
  it('gives a bearer token with its life', async () => {
    expect(await tokenRequest({})).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 3600 },
    });
  });

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
    ['an unknown client', { client_id: 'nobody' }, 400, 'unauthorized_client'],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['an unknown scope', { scope: 'https://example.com/.default' }, 400, 'invalid_scope'],
  ])('refuses %s', async (_name, change: Record<string, string>, status, error) => {
    expect(await tokenRequest(change)).toMatchObject({ status, body: { error } });
  });

  it('refuses another tenant', async () => {
    expect(await tokenRequest({}, 'elsewhere')).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });
});

describe('who may ask', () => {
  it('nobody without a token, with an expired one, or with one for another service', async () => {
    expect(await graph('/users', { token: '' })).toMatchObject({
      status: 401,
      body: { error: { code: 'InvalidAuthenticationToken' } },
    });
    await control.settings({ tokenSeconds: -10 });
    const expired = await sandbox.token('gatehouse', SCOPE);
    expect(await graph('/users', { token: expired })).toMatchObject({
      status: 401,
      body: { error: { message: 'Lifetime validation failed, the token is expired.' } },
    });
    await control.settings({ tokenSeconds: 3600 });
    const vault = await sandbox.token('gatehouse', 'https://vault.azure.net/.default');
    expect((await graph('/users', { token: vault })).status).toBe(401);
  });

  it('not a client without the right', async () => {
    const other = await sandbox.token('external-secrets', SCOPE);
    expect(await graph('/users', { token: other })).toMatchObject({
      status: 403,
      body: { error: { code: 'Authorization_RequestDenied' } },
    });
  });
});

describe('users', () => {
  it('are found by mail, with a doubled quote, whatever the case', async () => {
    expect(items((await graph(where("mail eq 'DORA@example.com'"))).body)).toMatchObject([
      { id: person('dora').id, givenName: 'Dora', surname: 'Jäger-Müller' },
    ]);
    expect(items((await graph(where("mail eq 'fay.o''neill@example.com'"))).body)).toMatchObject([
      { id: person('fay').id },
    ]);
    expect(await graph(where("mail eq 'nobody@example.com'"))).toMatchObject({
      status: 200,
      body: { value: [] },
    });
    const both = await graph(where("displayName eq 'Max Weber' or employeeId eq 'E-1002'"));
    expect(items(both.body)).toHaveLength(3);
  });

  it.each([
    ["mail eq 'fay.o'neill@example.com'", 'unterminated string literal'],
    ["mail eq 'a@example.com' and 1", 'Invalid filter clause'],
    ["shoeSize eq '42'", 'Invalid filter clause'],
  ])('refuses the filter %s', async (filter, message) => {
    expect(await graph(where(filter))).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining(message) } },
    });
  });

  it('are got by id or principal name, that of guests with its # encoded', async () => {
    const guest = person('gina');
    expect((await graph(`/users/${guest.id}`)).body).toMatchObject({ mail: 'gina.rossi@partner.example' });
    expect((await graph(`/users/${encodeURIComponent(guest.userPrincipalName)}`)).body).toMatchObject({
      id: guest.id,
    });
    expect(await graph('/users/nobody@example.com')).toMatchObject({
      status: 404,
      body: { error: { code: 'Request_ResourceNotFound' } },
    });
  });

  it('show the employee id only when it is selected', async () => {
    const plain = await graph(`/users/${person('adm-ada').id}`);
    expect(plain.body).toMatchObject({ mail: null });
    expect(plain.body).not.toHaveProperty('employeeId');
    const selected = await graph(`/users/${person('adm-ada').id}?$select=employeeId,userType`);
    expect(selected.body).toEqual({
      '@odata.context': expect.any(String),
      id: person('adm-ada').id,
      employeeId: person('adm-ada').employeeId,
      userType: 'Member',
    });
  });

  it('refuse a query that the API does not know', async () => {
    expect((await graph(`/users/${person('ada').id}?$unknown=1`)).status).toBe(400);
  });

  it('appear late when the directory is slow to agree with itself', async () => {
    await control.settings({ consistencyMs: 600_000 });
    const newcomer = {
      ...person('ben'),
      id: '00000000-0000-4000-8000-000000000001',
      userPrincipalName: 'new@example.com',
    };
    const { key: _, ...user } = newcomer;
    await control.post('/people', user);
    expect((await graph(`/users/${newcomer.id}`)).status).toBe(404);
    await control.post('/people', { ...user, visibleFrom: 0 });
    expect((await graph(`/users/${newcomer.id}`)).status).toBe(200);
  });
});

describe('groups', () => {
  it('are listed, found by name and got by id', async () => {
    expect(items((await graph('/groups')).body)).toHaveLength(sandbox.world.groups.length);
    expect(
      items((await graph(`/groups?$filter=${encodeURIComponent("displayName eq 'dpo'")}`)).body),
    ).toMatchObject([{ id: group('dpo').id }]);
    expect((await graph(`/groups/${group('dpo').id}`)).body).toMatchObject({ displayName: 'dpo' });
    expect((await graph('/groups/00000000-0000-4000-8000-000000000000')).status).toBe(404);
    expect((await graph('/groups?$filter=nonsense')).status).toBe(400);
  });

  it('have members of three kinds', async () => {
    const { body } = await graph(`/groups/${group('platform-team').id}/members`);
    expect(
      items(body)
        .map((member) => field(member, '@odata.type'))
        .sort(),
    ).toEqual([
      '#microsoft.graph.group',
      '#microsoft.graph.servicePrincipal',
      ...Array.from({ length: 4 }, () => '#microsoft.graph.user'),
    ]);
    expect((await graph('/groups/unknown/members')).status).toBe(404);
    expect(items((await graph(`/groups/${group('empty').id}/members`)).body)).toEqual([]);
  });

  it('give users only when cast, nested groups included once when transitive', async () => {
    const direct = await graph(`/groups/${group('platform-team').id}/members/microsoft.graph.user`);
    expect(items(direct.body)).toHaveLength(4);
    const all = await graph(`/groups/${group('platform-team').id}/transitiveMembers/microsoft.graph.user`);
    expect(items(all.body)).toHaveLength(6);
    expect(items(all.body)).toEqual(named('ada', 'dora', 'emil', 'fay', 'olga', 'gina'));
    const mixed = await graph(`/groups/${group('platform-team').id}/transitiveMembers?$select=id`);
    expect(items(mixed.body)).toHaveLength(8);
    expect((await graph('/groups/unknown/transitiveMembers')).status).toBe(404);
    expect((await graph('/groups/unknown/transitiveMembers/microsoft.graph.user')).status).toBe(404);
  });

  it('come in pages; the next link is followed as it is', async () => {
    await control.settings({ pageSize: 4 });
    let next: unknown = `/groups/${group('platform-team').id}/transitiveMembers/microsoft.graph.user?$select=id,mail`;
    const sizes = [];
    const seen = new Set<unknown>();
    while (typeof next === 'string') {
      const { body } = await graph(next);
      sizes.push(items(body).length);
      for (const item of items(body)) seen.add(field(item, 'id'));
      next = field(body, '@odata.nextLink');
    }
    expect([sizes, seen.size]).toEqual([[4, 2], 6]);
    expect(items((await graph('/users?$top=3')).body)).toHaveLength(3);
  });

  it('refuse a page of no size and a token of their own making', async () => {
    expect((await graph('/users?$top=0')).status).toBe(400);
    expect((await graph('/users?$top=1000')).status).toBe(400);
    expect((await graph('/users?$skiptoken=mine')).status).toBe(400);
  });

  it('count only with ConsistencyLevel', async () => {
    const path = '/users?$count=true&$top=1';
    expect((await graph(path)).body).not.toHaveProperty(['@odata.count']);
    const counted = await graph(path, { headers: { ConsistencyLevel: 'eventual' } });
    expect(field(counted.body, '@odata.count')).toBeGreaterThan(1);
  });

  it('take and lose a member, once', async () => {
    const path = `/groups/${group('dpo').id}/members/$ref`;
    const body = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${person('ben').id}` };
    expect((await graph(path, { method: 'POST', body })).status).toBe(204);
    expect(await graph(path, { method: 'POST', body })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('already exist') } },
    });
    expect(items((await graph(`/groups/${group('dpo').id}/members`)).body)).toEqual(named('ben', 'chi'));
    const ref = `/groups/${group('dpo').id}/members/${person('ben').id}/$ref`;
    expect((await graph(ref, { method: 'DELETE' })).status).toBe(204);
    expect((await graph(ref, { method: 'DELETE' })).status).toBe(404);
    expect((await graph(path, { method: 'POST', body: {} })).status).toBe(400);
    const effects = (await control.events()).filter(
      (event) => event.phase === 'effect' && event.path.endsWith('$ref'),
    );
    expect(effects.map((event) => event.effect)).toEqual(['created', 'deleted']);
  });

  it('show a change late when the directory is slow to agree with itself', async () => {
    await control.settings({ consistencyMs: 600_000 });
    const members = `/groups/${group('auditors').id}/members`;
    const body = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${person('ben').id}` };
    await graph(`${members}/$ref`, { method: 'POST', body });
    await graph(`${members}/${person('ivo').id}/$ref`, { method: 'DELETE' });
    expect(items((await graph(members)).body)).toMatchObject([{ id: person('ivo').id }]);
  });
});

it('throttles with a fraction of a second', async () => {
  await control.addFault({
    id: 'busy',
    match: { operation: 'listUsers' },
    when: 'before',
    kind: 'status',
    status: 429,
    headers: { 'retry-after': '2.128' },
  });
  const answer = await graph('/users');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2.128']);
  expect(answer.body).toMatchObject({
    error: { code: 'TooManyRequests', innerError: { 'request-id': expect.any(String) } },
  });
});
