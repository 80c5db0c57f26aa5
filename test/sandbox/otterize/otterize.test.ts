import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { OtterizeState } from '../../../sandbox/otterize/state.js';
import { type RunningSandbox, runSandbox } from '../framework/running-sandbox.js';

const Named = Type.Object({ id: Type.String({ pattern: '^[A-Za-z_]+_[a-z0-9]+$' }), name: Type.String() });
const Made = Type.Object({ id: Type.String() });
const Integration = Type.Object({
  id: Type.String(),
  credentials: Type.Object({ clientId: Type.String(), clientSecret: Type.String() }),
  cluster: Made,
});
const Token = Type.Object({ access_token: Type.String() });

let sandbox: RunningSandbox;
let control: ControlClient;
let mine: string;
let others: string;

beforeEach(async () => {
  sandbox = await runSandbox(['otterize']);
  control = sandbox.control('otterize');
  [mine = '', others = ''] = sandbox.world.otterize.users.map((user) => user.token);
});
afterEach(async () => {
  const violations = await control.violations();
  await sandbox.close();
  expect(violations).toEqual([]);
});

interface Sent {
  readonly body?: unknown;
  readonly token?: string;
  readonly organization?: string;
}
async function api(
  method: string,
  path: string,
  sent: Sent = {},
): Promise<{ status: number; body: unknown }> {
  const token = sent.token ?? mine;
  const answer = await fetch(`${sandbox.origin('otterize')}/api/rest/v1beta${path}`, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(sent.organization === undefined ? {} : { 'x-otterize-organization': sent.organization }),
      ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
  });
  return { status: answer.status, body: await answer.json() };
}
function as<T extends TSchema>(schema: T, answer: { status: number; body: unknown }): Static<T> {
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  if (!Value.Check(schema, answer.body))
    throw new Error(`not the expected shape: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function organization(name: string, token = mine): Promise<string> {
  return as(Named, await api('POST', '/organizations', { body: { name }, token })).id;
}
async function environment(org: string, name = 'dev', labels: unknown = []): Promise<string> {
  return as(Made, await api('POST', '/environments', { organization: org, body: { name, labels } })).id;
}
async function integration(org: string, name = 'harbour-01'): Promise<Static<typeof Integration>> {
  const environmentId = await environment(org, `env ${name}`);
  const body = { name, environmentId };
  return as(Integration, await api('POST', '/integrations/kubernetes', { organization: org, body }));
}
async function tokenRequest(form: Record<string, string>): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${sandbox.origin('otterize')}/api/auth/tokens/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: await answer.json() };
}

describe('organisations', () => {
  it('are made with their name in one call, listed, got and renamed', async () => {
    const id = await organization('harbour-01-dev');
    expect((await api('GET', '/organizations')).body).toMatchObject([{ id, name: 'harbour-01-dev' }]);
    expect((await api('GET', `/organizations/${id}`)).body).toMatchObject({ id });
    await api('PATCH', `/organizations/${id}`, { body: { name: 'harbour-02-dev' } });
    expect((await api('GET', '/organizations')).body).toMatchObject([{ id, name: 'harbour-02-dev' }]);
  });

  it('get a name that nobody knows when they are made without one', async () => {
    const made = as(Named, await api('POST', '/organizations', { body: {} }));
    const another = as(Named, await api('POST', '/organizations', { body: {} }));
    expect(made.name).not.toBe(another.name);
    expect(made.name).toMatch(/^[a-z]+-[a-z]+-\d+$/);
  });

  it('may share a name or not, by switch, also with those of others', async () => {
    await organization('taken', others);
    const first = await organization('taken');
    expect(await organization('taken')).not.toBe(first);
    await control.settings({ duplicateNames: 'refuse' });
    expect(await api('POST', '/organizations', { body: { name: 'taken' } })).toMatchObject({
      status: 409,
      body: { message: 'organization taken already exists' },
    });
    expect(
      (await api('PATCH', `/organizations/${await organization('free')}`, { body: { name: 'taken' } }))
        .status,
    ).toBe(409);
  });

  it('are hidden from others', async () => {
    const id = await organization('secret', others);
    expect((await api('GET', '/organizations')).body).toEqual([]);
    expect((await api('GET', `/organizations/${id}`)).status).toBe(404);
    expect((await api('GET', '/environments', { organization: id })).status).toBe(403);
  });

  it.each([
    ['POST', '/organizations', { name: 7 }],
    ['PATCH', '/organizations/org_1', { name: 'x' }],
    ['GET', '/organizations/no-id', undefined],
    ['GET', '/organizations?name=x', undefined],
  ])('refuse %s %s %j', async (method, path, body) => {
    expect((await api(method, path, body === undefined ? {} : { body })).status).toBe(422);
  });
});

describe('organisation header', () => {
  it('may be missing for a person of one organisation, not of several', async () => {
    expect((await api('GET', '/users')).status).toBe(400);
    const first = await organization('first');
    expect((await api('GET', '/environments')).status).toBe(200);
    const second = await organization('second');
    expect(await api('GET', '/environments')).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('several organizations') },
    });
    await environment(second, 'here');
    expect((await api('GET', '/environments', { organization: second })).body).toHaveLength(1);
    expect((await api('GET', '/environments', { organization: first })).body).toHaveLength(0);
  });

  it('when missing means the first one where the spec is followed', async () => {
    const first = await organization('first');
    await organization('second');
    await control.settings({ organizationHeaderMissing: 'first' });
    await api('POST', '/environments', { body: { name: 'astray' } });
    expect((await api('GET', '/environments', { organization: first })).body).toMatchObject([
      { name: 'astray' },
    ]);
  });
});

describe('tokens', () => {
  it('are needed', async () => {
    for (const token of ['', 'wrong']) expect((await api('GET', '/me', { token })).status).toBe(401);
    expect(await api('GET', '/ping', { token: '' })).toEqual({ status: 200, body: true });
    expect((await api('GET', '/ping?x=1', { token: '' })).status).toBe(422);
  });

  it('may be a cookie', async () => {
    const answer = await fetch(`${sandbox.origin('otterize')}/api/rest/v1beta/me`, {
      headers: { cookie: `theme=dark; access_token=${mine}` },
    });
    expect(answer.status).toBe(200);
  });

  it('expire after a number of calls or by time, and are good again when renewed', async () => {
    await control.settings({ tokenCalls: 2 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await api('GET', '/me')).status);
    expect(statuses).toEqual([200, 200, 401, 401]);
    await control.settings({ tokenCalls: null, tokenExpires: '2020-01-01T00:00:00Z' });
    expect(await api('GET', '/me')).toEqual({ status: 401, body: { message: 'token is expired' } });
    await control.settings({ tokenExpires: null });
    const email = sandbox.world.otterize.users[0]?.email;
    const { token } = Value.Parse(
      Type.Object({ token: Type.String() }),
      JSON.parse(await control.post('/person', { email })),
    );
    expect((await api('GET', '/me')).status).toBe(401);
    expect((await api('GET', '/me', { token })).body).toMatchObject({ user: { email } });
  });
});

describe('invites', () => {
  it('are made with a role, found by address and state, got and deleted', async () => {
    const org = await organization('harbour-01-dev');
    const body = { email: 'ada.lovelace@example.com', organizationMembership: { role: 'ADMIN' } };
    const made = as(Made, await api('POST', '/invites', { organization: org, body }));
    const found = { id: made.id, status: 'PENDING', organizationMembership: { role: 'ADMIN' } };
    const query = '?email=Ada.Lovelace@example.com&status=PENDING';
    expect((await api('GET', `/invites${query}`, { organization: org })).body).toMatchObject([found]);
    expect((await api('GET', `/invite${query}`, { organization: org })).body).toMatchObject(found);
    expect((await api('GET', `/invites/${made.id}`, { organization: org })).body).toMatchObject(found);
    expect((await api('GET', '/invites?status=ACCEPTED', { organization: org })).body).toEqual([]);
    expect(await api('DELETE', `/invites/${made.id}`, { organization: org })).toEqual({
      status: 200,
      body: made.id,
    });
    expect((await api('GET', `/invite${query}`, { organization: org })).status).toBe(404);
    expect((await api('DELETE', `/invites/${made.id}`, { organization: org })).status).toBe(404);
  });

  it('are accepted by the invited person only, who is a user then', async () => {
    const org = await organization('harbour-01-dev');
    const email = 'ada.lovelace@example.com';
    const made = as(Made, await api('POST', '/invites', { organization: org, body: { email } }));
    expect((await api('PATCH', `/invites/${made.id}`, { body: {} })).status).toBe(403);
    const ada = Value.Parse(
      Type.Object({ token: Type.String() }),
      JSON.parse(await control.post('/person', { email })),
    );
    expect((await api('GET', '/me', { token: ada.token })).body).toMatchObject({
      invites: [{ id: made.id }],
    });
    const accepted = await api('PATCH', `/invites/${made.id}`, { token: ada.token, body: {} });
    expect(accepted.body).toMatchObject({ status: 'ACCEPTED', acceptedAt: expect.any(String) });
    const users = await api('GET', '/users', { organization: org });
    expect(users.body).toEqual(expect.arrayContaining([expect.objectContaining({ email })]));
    expect((await api('GET', '/org-users', { organization: org })).body).toMatchObject([
      { membership: { role: 'ADMIN' } },
      { membership: { role: 'VIEWER' } },
    ]);
  });

  it('are refused when wrong, and a second time by switch', async () => {
    const org = await organization('harbour-01-dev');
    const post = (body: unknown) => api('POST', '/invites', { organization: org, body });
    expect((await post({})).status).toBe(422);
    expect((await post({ email: 'not an address' })).status).toBe(422);
    expect((await post({ email: 'a@example.com', organizationMembership: { role: 'OWNER' } })).status).toBe(
      422,
    );
    expect((await api('GET', '/invites?status=LATE', { organization: org })).status).toBe(422);
    expect((await api('GET', '/invites/inv_unknown', { organization: org })).status).toBe(404);
    await post({ email: 'a@example.com' });
    await control.settings({ duplicateNames: 'refuse' });
    expect((await post({ email: 'A@example.com' })).status).toBe(409);
  });

  it('need the header like the lists of users do', async () => {
    await organization('first');
    await organization('second');
    for (const path of ['/invites', '/invite', '/users', '/org-users', '/clusters', '/integrations']) {
      expect([path, (await api('GET', path)).status]).toEqual([path, 400]);
    }
  });
});

describe('environments', () => {
  it('are made with labels, found by name, changed as a whole and deleted', async () => {
    const org = await organization('harbour-01-dev');
    const id = await environment(org, 'dev', [{ key: 'stage', value: 'dev' }]);
    const at = { organization: org };
    expect((await api('GET', '/environment?name=dev', at)).body).toMatchObject({
      id,
      labels: [{ key: 'stage', value: 'dev' }],
    });
    await api('PATCH', `/environments/${id}`, {
      ...at,
      body: { labels: [{ key: 'region', value: 'north' }] },
    });
    expect((await api('GET', `/environments/${id}`, at)).body).toMatchObject({
      labels: [{ key: 'region', value: 'north' }],
    });
    expect((await api('GET', '/environments?name=prod', at)).body).toEqual([]);
    expect((await api('DELETE', `/environments/${id}`, at)).body).toBe(id);
    expect((await api('GET', `/environments/${id}`, at)).status).toBe(404);
  });

  it('are refused with a wrong name, wrong labels or an unknown id', async () => {
    const org = await organization('harbour-01-dev');
    const at = { organization: org };
    for (const body of [
      {},
      { name: 'x' },
      { name: '-dev' },
      { name: 'dev', labels: [{ value: 'no key' }] },
    ]) {
      expect((await api('POST', '/environments', { ...at, body })).status).toBe(422);
    }
    expect((await api('GET', '/environment', at)).status).toBe(422);
    expect((await api('GET', '/environment?name=dev', at)).status).toBe(404);
    expect((await api('GET', '/environments?name=x', at)).status).toBe(422);
    expect((await api('PATCH', '/environments/env_unknown', { ...at, body: {} })).status).toBe(404);
    expect((await api('DELETE', '/environments/env_unknown', at)).status).toBe(404);
    await environment(org, 'dev');
    await control.settings({ duplicateNames: 'refuse' });
    expect((await api('POST', '/environments', { ...at, body: { name: 'dev' } })).status).toBe(409);
  });

  it('stay while an integration uses them', async () => {
    const org = await organization('harbour-01-dev');
    const { id } = await integration(org);
    const at = { organization: org };
    const env = as(Made, await api('GET', '/environment?name=env harbour-01', at));
    expect((await api('DELETE', `/environments/${env.id}`, at)).status).toBe(409);
    await api('DELETE', `/integrations/${id}`, at);
    expect((await api('DELETE', `/environments/${env.id}`, at)).status).toBe(200);
  });
});

describe('Kubernetes integrations', () => {
  it('give their secret when made, and again or not by switch', async () => {
    const org = await organization('harbour-01-dev');
    const made = await integration(org);
    const { clientId, clientSecret } = made.credentials;
    expect(clientId).toMatch(/^cli_[a-z0-9]+$/);
    const read = async () =>
      as(Integration, await api('GET', `/integrations/${made.id}`, { organization: org })).credentials;
    expect(await read()).toEqual({ clientId, clientSecret });
    await control.settings({ secretReturned: 'once' });
    expect(await read()).toEqual({ clientId, clientSecret: '' });
    expect((await integration(org, 'harbour-02')).credentials.clientSecret).not.toBe('');
  });

  it('make a cluster, are found by name and type, and are deleted', async () => {
    const org = await organization('harbour-01-dev');
    const at = { organization: org };
    const made = await integration(org);
    expect((await api('GET', '/clusters?name=harbour-01', at)).body).toMatchObject([{ id: made.cluster.id }]);
    expect((await api('GET', '/cluster?name=harbour-01', at)).body).toMatchObject({
      integrations: [{ id: made.id }],
    });
    expect((await api('GET', `/clusters/${made.cluster.id}`, at)).body).toMatchObject({ name: 'harbour-01' });
    const query = '?name=harbour-01&integrationType=KUBERNETES';
    expect((await api('GET', `/integration${query}`, at)).body).toMatchObject({ id: made.id });
    expect((await api('GET', `/integrations${query}`, at)).body).toMatchObject([{ id: made.id }]);
    expect((await api('GET', `/integrations?clusterId=${made.cluster.id}`, at)).body).toHaveLength(1);
    expect((await api('GET', '/integrations?integrationType=AWS', at)).body).toEqual([]);
    expect((await api('DELETE', `/integrations/${made.id}`, at)).body).toBe(made.id);
    expect((await api('GET', `/integrations/${made.id}`, at)).status).toBe(404);
    expect((await api('DELETE', `/clusters/${made.cluster.id}`, at)).status).toBe(200);
    expect((await api('GET', '/cluster?name=harbour-01', at)).status).toBe(404);
  });

  it('are refused when wrong', async () => {
    const org = await organization('harbour-01-dev');
    const at = { organization: org };
    const post = (body: unknown) => api('POST', '/integrations/kubernetes', { ...at, body });
    expect((await post({ name: 'harbour-01' })).status).toBe(422);
    expect((await post({ name: 'harbour-01', environmentId: 'env_unknown' })).status).toBe(404);
    expect((await api('GET', '/integrations?integrationType=OTHER', at)).status).toBe(422);
    expect((await api('GET', '/integration?name=unknown', at)).status).toBe(404);
    expect((await api('DELETE', '/integrations/int_unknown', at)).status).toBe(404);
    for (const path of ['/clusters?name=x', '/cluster', '/clusters/no-id']) {
      expect((await api('GET', path, at)).status).toBe(422);
    }
    expect((await api('GET', '/clusters/cluster_unknown', at)).status).toBe(404);
    expect((await api('DELETE', '/clusters/cluster_unknown', at)).status).toBe(404);
  });

  it('of the same name are two, or a conflict', async () => {
    const org = await organization('harbour-01-dev');
    const at = { organization: org };
    const made = await integration(org);
    const environmentId = await environment(org, 'another');
    const again = { ...at, body: { name: 'harbour-01', environmentId } };
    const second = as(Integration, await api('POST', '/integrations/kubernetes', again));
    expect(second.cluster.id).toBe(made.cluster.id);
    expect((await api('GET', '/integration?name=harbour-01', at)).status).toBe(409);
    await control.settings({ duplicateNames: 'refuse' });
    expect((await api('POST', '/integrations/kubernetes', again)).status).toBe(409);
  });
});

describe('components', () => {
  const types = (type: string) => ({
    components: {
      intentsOperator: { status: { type } },
      credentialsOperator: { status: { type } },
      networkMapper: { status: { type } },
    },
  });

  it('are connected some time after their login with the credentials', async () => {
    await control.settings({ connectMs: 600_000 });
    const org = await organization('harbour-01-dev');
    const { id, credentials } = await integration(org);
    const read = async () => (await api('GET', `/integrations/${id}`, { organization: org })).body;
    expect(await read()).toMatchObject(types('NOT_INTEGRATED'));
    const form = {
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
    };
    const token = as(Token, await tokenRequest(form)).access_token;
    expect(await read()).toMatchObject(types('NOT_INTEGRATED'));
    // the token belongs to the one organisation and is no person's
    expect((await api('GET', '/integrations', { token })).body).toHaveLength(1);
    expect((await api('POST', '/organizations', { token, body: { name: 'mine' } })).status).toBe(403);
  });

  it('say when they were seen last, after the login', async () => {
    await control.settings({ connectMs: 0 });
    const org = await organization('harbour-01-dev');
    const { id, credentials } = await integration(org);
    const before = Date.now();
    await control.post('/agent-connected', credentials);
    const read = async () => (await api('GET', `/integrations/${id}`, { organization: org })).body;
    await vi.waitFor(async () => expect(await read()).toMatchObject(types('CONNECTED')));
    const Seen = Type.Object({
      components: Type.Object({
        networkMapper: Type.Object({ status: Type.Object({ lastSeen: Type.String() }) }),
      }),
    });
    const { components } = Value.Parse(Seen, await read());
    expect(Date.parse(components.networkMapper.status.lastSeen)).toBeGreaterThanOrEqual(before);
    await control.post('/agent-disconnected', { clientId: credentials.clientId });
    expect(await read()).toMatchObject(types('DISCONNECTED'));
    expect((await api('GET', '/cluster?name=harbour-01', { organization: org })).body).toMatchObject(
      types('DISCONNECTED'),
    );
  });

  it('stay away by name, all of them or one', async () => {
    await control.settings({ connectMs: 0, staysNotIntegrated: ['harbour-02', 'harbour-01:networkMapper'] });
    const org = await organization('harbour-dev');
    for (const name of ['harbour-01', 'harbour-02']) {
      const { credentials } = await integration(org, name);
      await control.post('/agent-connected', credentials);
    }
    const read = async (name: string) =>
      (await api('GET', `/integration?name=${name}`, { organization: org })).body;
    await vi.waitFor(async () =>
      expect(await read('harbour-01')).toMatchObject({
        components: {
          intentsOperator: { status: { type: 'CONNECTED' } },
          networkMapper: { status: { type: 'NOT_INTEGRATED' } },
        },
      }),
    );
    expect(await read('harbour-02')).toMatchObject(types('NOT_INTEGRATED'));
  });

  it('do not get in with wrong or deleted credentials', async () => {
    const org = await organization('harbour-01-dev');
    const { id, credentials } = await integration(org);
    const form = {
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
    };
    expect((await tokenRequest({ ...form, client_secret: 'wrong' })).status).toBe(401);
    expect((await tokenRequest({ ...form, grant_type: 'password' })).status).toBe(400);
    await expect(control.post('/agent-connected', { ...credentials, clientSecret: 'wrong' })).rejects.toThrow(
      /401/,
    );
    await expect(control.post('/agent-connected', { clientId: 'cli_unknown' })).rejects.toThrow(/404/);
    const token = as(Token, await tokenRequest(form)).access_token;
    await api('DELETE', `/integrations/${id}`, { organization: org });
    expect((await tokenRequest(form)).status).toBe(401);
    expect((await api('GET', '/organizations', { token })).status).toBe(401);
  });

  it('must log in again when their token has ended', async () => {
    await control.settings({ componentTokenSeconds: 0 });
    const { credentials } = await integration(await organization('harbour-01-dev'));
    const form = {
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
    };
    const token = as(Token, await tokenRequest(form)).access_token;
    expect((await api('GET', '/integrations', { token })).status).toBe(401);
  });
});

describe('throttling', () => {
  it.each(['3', null])('comes with Retry-After %s', async (retryAfter) => {
    const headers: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
    await control.addFault({ id: 'busy', match: {}, when: 'before', kind: 'status', status: 429, headers });
    const answer = await fetch(`${sandbox.origin('otterize')}/api/rest/v1beta/organizations`, {
      headers: { authorization: `Bearer ${mine}` },
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, retryAfter]);
  });
});

it('makes 25 organisations at the same time, each logged and kept once', async () => {
  const wanted = Array.from({ length: 25 }, (_, n) => `harbour-${n}`);
  await Promise.all(
    wanted.map(async (name) => {
      const org = await organization(name);
      await integration(org, name);
    }),
  );
  const state = await control.objects(OtterizeState);
  expect(state.organizations.map((organisation) => organisation.name).sort()).toEqual([...wanted].sort());
  expect(state.integrations).toHaveLength(25);
  const created = (await control.events()).filter((event) => event.effect === 'created');
  expect(created).toHaveLength(75);
});
