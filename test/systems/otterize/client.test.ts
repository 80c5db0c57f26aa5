import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { OtterizeClient } from '../../../src/systems/otterize/client.js';
import type { OtterizeOrganization } from '../../../src/systems/otterize/organization.js';
import { troubleFrom } from '../http/trouble-of.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

let standIns: StandIns;
let control: ControlClient;
let client: OtterizeClient;
let token: string;

beforeAll(async () => {
  standIns = await startStandIns('otterize');
  control = standIns.control('otterize');
  token = standIns.world.otterize.users[0]?.token ?? '';
  client = new OtterizeClient({
    baseUrl: `${standIns.origin('otterize')}/api/rest/v1beta`,
    token: async () => token,
  });
});

afterEach(async () => {
  token = standIns.world.otterize.users[0]?.token ?? '';
  await control.removeFaults();
  await control.settings({ secretReturned: 'always', duplicateNames: 'allow', tokenCalls: null });
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

/** a fresh organisation, as no test may see another's objects */
async function organisation(name: string): Promise<OtterizeOrganization> {
  return client.organization((await client.createOrganization(name)).id);
}

async function lastEvent(): Promise<number> {
  return (await control.events()).at(-1)?.seq ?? 0;
}

async function requestsAfter(seq: number): Promise<readonly string[]> {
  const events = await control.events(seq);
  return events
    .filter(({ phase }) => phase === 'request')
    .map(({ method, path }) => `${method} ${path.replace('/api/rest/v1beta', '')}`);
}

describe('organisations', () => {
  it('an organisation gets its name in the call that creates it, so no orphan can be left', async () => {
    const before = await lastEvent();
    const made = await client.createOrganization('harbour-01-dev');
    expect(await requestsAfter(before)).toEqual(['POST /organizations']);
    expect(made).toMatchObject({ name: 'harbour-01-dev', created: expect.stringMatching(/^\d{4}-/) });
    expect(await client.listOrganizations()).toContainEqual(made);
  });

  it.each([[''], ['   '], ['org_1\r\nX-Other: 1'], ['harbour-01-dev']])(
    'no call can be made for an organisation without its id: "%s"',
    (id) => {
      expect(() => client.organization(id)).toThrow(/is not the id of an organization/);
    },
  );

  it('every call inside an organisation carries its id, and sees nothing of another', async () => {
    const [one, two] = [await organisation('header-one'), await organisation('header-two')];
    const made = await one.createEnvironment('only-in-one', {});
    const { integration } = await one.createKubernetesIntegration('only-in-one', made.id);
    await one.createInvite('ada.lovelace@example.com', 'VIEWER');
    expect(await two.environmentByName('only-in-one')).toBeNull();
    expect(await two.kubernetesIntegrationByName('only-in-one')).toBeNull();
    expect(await two.listInvites()).toEqual([]);
    expect(await troubleFrom(two.componentStatus(integration.id))).toMatchObject({ kind: 'not-found' });
    expect(await troubleFrom(two.readIntegrationCredentials(integration.id))).toMatchObject({
      kind: 'not-found',
    });
    expect(await two.deleteIntegration(integration.id)).toBe('absent');
    expect(await one.kubernetesIntegrationByName('only-in-one')).toEqual(integration);
  });

  it("somebody else's organisation is refused", async () => {
    const mine = await client.createOrganization('not-yours');
    token = standIns.world.otterize.users[1]?.token ?? '';
    expect(await troubleFrom(client.organization(mine.id).listUsers())).toMatchObject({
      kind: 'forbidden',
      operation: 'list users',
      message: expect.stringContaining('not a member'),
    });
  });
});

describe('invites', () => {
  it('an invite says its role, and is found by address and state', async () => {
    const tenant = await organisation('invites');
    const made = await tenant.createInvite("fay.o'neill+x@example.com", 'VIEWER');
    expect(made).toMatchObject({ email: "fay.o'neill+x@example.com", status: 'PENDING', role: 'VIEWER' });
    expect(await tenant.listInvites({ email: "fay.o'neill+x@example.com" })).toEqual([made]);
    expect(await tenant.listInvites({ status: 'ACCEPTED' })).toEqual([]);
    expect(await tenant.listInvites()).toEqual([made]);
  });

  it('members are listed with their addresses', async () => {
    const tenant = await organisation('members');
    expect(await tenant.listUsers()).toMatchObject([{ email: 'gatehouse@example.com' }]);
  });

  it('an address that is none is refused', async () => {
    const tenant = await organisation('bad-address');
    expect(await troubleFrom(tenant.createInvite('not an address', 'VIEWER'))).toMatchObject({
      kind: 'invalid',
    });
  });
});

describe('environments', () => {
  it('is found by its exact name, with its labels, which are replaced as a whole', async () => {
    const tenant = await organisation('environments');
    const made = await tenant.createEnvironment('harbour-01-dev', { team: 'platform', region: 'eu' });
    await tenant.createEnvironment('harbour-01-dev-2', {});
    expect(await tenant.environmentByName('harbour-01-dev')).toEqual(made);
    expect(made.labels).toEqual({ team: 'platform', region: 'eu' });
    await tenant.setEnvironmentLabels(made.id, { team: 'sre' });
    expect(await tenant.environmentByName('harbour-01-dev')).toMatchObject({ labels: { team: 'sre' } });
    expect(await tenant.environmentByName('harbour-01')).toBeNull();
  });

  it('several of one name are a conflict that names them', async () => {
    const tenant = await organisation('twins');
    const first = await tenant.createEnvironment('twin', {});
    const second = await tenant.createEnvironment('twin', {});
    const trouble = await troubleFrom(tenant.environmentByName('twin'));
    expect(trouble.kind).toBe('conflict');
    expect(trouble.message).toContain(first.id);
    expect(trouble.message).toContain(second.id);
  });

  it('a taken name is a conflict where the vendor refuses it', async () => {
    await control.settings({ duplicateNames: 'refuse' });
    const tenant = await organisation('taken');
    await tenant.createEnvironment('taken', {});
    expect(await troubleFrom(tenant.createEnvironment('taken', {}))).toMatchObject({
      kind: 'conflict',
      status: 409,
    });
  });

  it.each([['x'], ['1-starts-with-a-digit'], ['ends-with-'], ['a'.repeat(64)], ['no/slash']])(
    'a name that the vendor does not take is refused before the call: %s',
    async (name) => {
      const tenant = await organisation('names');
      const before = await lastEvent();
      expect(await troubleFrom(tenant.createEnvironment(name, {}))).toMatchObject({
        kind: 'invalid',
        object: name,
      });
      expect(await requestsAfter(before)).toEqual([]);
    },
  );
});

describe('integrations', () => {
  it('creating one gives its credentials apart, and reads by name never hold them', async () => {
    const tenant = await organisation('integration');
    const environment = await tenant.createEnvironment('integration', {});
    const made = await tenant.createKubernetesIntegration('integration', environment.id);
    const found = await tenant.kubernetesIntegrationByName('integration');
    expect(found).toEqual({ id: made.integration.id, name: 'integration', environmentId: environment.id });
    const secret = made.credentials?.clientSecret.reveal() ?? '';
    expect(secret.length).toBeGreaterThan(8);
    expect(await control.objectsText()).toContain(secret);
    expect(inspect({ found, made }, { depth: null })).not.toContain(secret);
  });

  it('a secret that the vendor shows again is read again', async () => {
    const tenant = await organisation('shown-always');
    const environment = await tenant.createEnvironment('shown-always', {});
    const { integration, credentials } = await tenant.createKubernetesIntegration(
      'shown-always',
      environment.id,
    );
    const again = await tenant.readIntegrationCredentials(integration.id);
    expect(again?.clientId).toBe(credentials?.clientId);
    expect(again?.clientSecret.reveal()).toBe(credentials?.clientSecret.reveal());
  });

  it('a secret that the vendor shows once is null afterwards, and delete and create gives a new one', async () => {
    await control.settings({ secretReturned: 'once' });
    const tenant = await organisation('shown-once');
    const environment = await tenant.createEnvironment('shown-once', {});
    const first = await tenant.createKubernetesIntegration('shown-once', environment.id);
    expect(first.credentials).not.toBeNull();
    expect(await tenant.readIntegrationCredentials(first.integration.id)).toBeNull();
    expect(await tenant.deleteIntegration(first.integration.id)).toBe('deleted');
    expect(await tenant.deleteIntegration(first.integration.id)).toBe('absent');
    const second = await tenant.createKubernetesIntegration('shown-once', environment.id);
    expect(second.credentials?.clientSecret.reveal()).not.toBe(first.credentials?.clientSecret.reveal());
  });

  it('components are reported one by one', async () => {
    const tenant = await organisation('components');
    const environment = await tenant.createEnvironment('components', {});
    const { integration } = await tenant.createKubernetesIntegration('components', environment.id);
    expect(await tenant.componentStatus(integration.id)).toEqual([
      { component: 'intentsOperator', status: 'NOT_INTEGRATED' },
      { component: 'credentialsOperator', status: 'NOT_INTEGRATED' },
      { component: 'networkMapper', status: 'NOT_INTEGRATED' },
    ]);
  });
});

it('a connected component says when it was last seen', async () => {
  const tenant = await organisation('connected');
  const environment = await tenant.createEnvironment('connected', {});
  const { integration, credentials } = await tenant.createKubernetesIntegration('connected', environment.id);
  await control.settings({ connectMs: 0 });
  await control.post('/agent-connected', { clientId: credentials?.clientId });
  const components = await tenant.componentStatus(integration.id);
  expect(components.map(({ status }) => status)).toEqual(['CONNECTED', 'CONNECTED', 'CONNECTED']);
  for (const { lastSeen } of components) expect(Date.parse(lastSeen ?? '')).not.toBeNaN();
});

describe('trouble', () => {
  it('an expired token is trouble of the whole provider, not of one cluster', async () => {
    await control.settings({ tokenCalls: 0 });
    expect(await troubleFrom(client.listOrganizations())).toMatchObject({
      kind: 'unauthenticated',
      status: 401,
    });
  });

  it('the limit that the spec does not mention is honoured with and without Retry-After', async () => {
    const fault = {
      match: { operation: 'organizations_query' },
      when: 'before',
      kind: 'status',
      status: 429,
    } as const;
    await control.addFault({ ...fault, id: 'with', headers: { 'retry-after': '7' } });
    expect(await troubleFrom(client.listOrganizations())).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 7000,
    });
    await control.addFault({ ...fault, id: 'without' });
    const trouble = await troubleFrom(client.listOrganizations());
    expect(trouble.kind).toBe('throttled');
    expect(trouble).not.toHaveProperty('retryAfterMs');
  });

  it('a creation whose answer is lost is not repeated by the client', async () => {
    await control.addFault({ id: 'lost', match: { method: 'POST' }, when: 'after', kind: 'cut' });
    expect(await troubleFrom(client.createOrganization('answer-lost'))).toMatchObject({
      kind: 'unavailable',
    });
    const made = (await client.listOrganizations()).filter(({ name }) => name === 'answer-lost');
    expect(made).toHaveLength(1);
  });

  it('an answer that is not of the documented shape is malformed and not quoted', async () => {
    const body = { id: 'org_1', name: 'x', clientSecret: 'canary-5e' };
    await control.addFault({
      id: 'shape',
      match: { method: 'POST' },
      when: 'after',
      kind: 'status',
      status: 200,
      body,
    });
    const trouble = await troubleFrom(client.createOrganization('odd-shape'));
    expect(trouble.kind).toBe('malformed');
    expect(JSON.stringify(trouble)).not.toContain('canary-5e');
  });

  it("the vendor's words are found in both of its error forms", async () => {
    const fault = { match: { method: 'GET' }, when: 'before', kind: 'status', status: 422 } as const;
    await control.addFault({ ...fault, id: 'plain', body: { message: 'in one' } });
    expect(await troubleFrom(client.listOrganizations())).toMatchObject({ message: 'answered 422: in one' });
    await control.addFault({ ...fault, id: 'list', body: { errors: [{ message: 'in a list' }] } });
    expect(await troubleFrom(client.listOrganizations())).toMatchObject({
      message: 'answered 422: in a list',
    });
  });
});

it('ping tells whose token it is', async () => {
  expect(await client.ping()).toEqual({ email: 'gatehouse@example.com' });
});
