import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

/**
 * The example world that all stand-ins show: one company, its people and groups, its clusters and the credentials of
 * the systems. Ids are the same in every world (example files name them); secrets are made anew by every `makeWorld`.
 */

const Person = Type.Object({
  /** short word for tests and the demo, e.g. `ada` */
  key: Type.String(),
  /** account id: object id in the directory, `oid` in tokens */
  id: Type.String(),
  /** the person behind the account; two accounts may share it */
  employeeId: Type.Union([Type.String(), Type.Null()]),
  givenName: Type.String(),
  surname: Type.String(),
  displayName: Type.String(),
  mail: Type.Union([Type.String(), Type.Null()]),
  userPrincipalName: Type.String(),
  userType: Type.Union([Type.Literal('Member'), Type.Literal('Guest')]),
  accountEnabled: Type.Boolean(),
});
export type Person = Static<typeof Person>;

const Member = Type.Object({
  kind: Type.Union([Type.Literal('user'), Type.Literal('group'), Type.Literal('servicePrincipal')]),
  id: Type.String(),
});

const Group = Type.Object({
  /** group name, as policies write it */
  name: Type.String(),
  id: Type.String(),
  members: Type.Array(Member),
});
export type Group = Static<typeof Group>;

const EntraClient = Type.Object({
  clientId: Type.String(),
  clientSecret: Type.String(),
  displayName: Type.String(),
  rights: Type.Array(
    Type.Union([
      Type.Literal('directory-read'),
      Type.Literal('vault-read'),
      Type.Literal('vault-write'),
      Type.Literal('vault-purge'),
    ]),
  ),
});
export type EntraClient = Static<typeof EntraClient>;

const Cluster = Type.Object({
  name: Type.String(),
  stage: Type.String(),
  /** Key Vault name; its host is `{vault}.localhost` */
  vault: Type.String(),
  /** name of the Argo CD Application in the management cluster */
  application: Type.String(),
  /** path of the cluster's folder in the project `platform/clusters` */
  path: Type.String(),
  /** bearer token of the cluster's API */
  kubernetesToken: Type.String(),
});
export type Cluster = Static<typeof Cluster>;

const OtterizeUser = Type.Object({ name: Type.String(), email: Type.String(), token: Type.String() });

const OidcAccount = Type.Object({
  /** key of the person */
  person: Type.String(),
  accountId: Type.String(),
  login: Type.String(),
  password: Type.String(),
});

const OidcClient = Type.Object({
  clientId: Type.String(),
  /** absent: public client with PKCE */
  clientSecret: Type.Optional(Type.String()),
  /** people sign in through it; absent with a secret: a machine of its own */
  forPeople: Type.Optional(Type.Literal(true)),
});

const HarborUser = Type.Object({
  name: Type.String(),
  password: Type.String(),
  rights: Type.Union([Type.Literal('read'), Type.Literal('write')]),
});

export const World = Type.Object({
  domain: Type.String(),
  people: Type.Array(Person),
  groups: Type.Array(Group),
  servicePrincipals: Type.Array(
    Type.Object({ id: Type.String(), appId: Type.String(), displayName: Type.String() }),
  ),
  clusters: Type.Array(Cluster),
  /** Entra ID: one tenant, whose tokens open the directory and the vaults */
  entra: Type.Object({
    tenantId: Type.String(),
    /** signs access tokens (HS256); shared by the stand-ins that issue and check them */
    signingKey: Type.String(),
    clients: Type.Array(EntraClient),
  }),
  /** the first user is Gatehouse's, the second is somebody else */
  otterize: Type.Object({ users: Type.Array(OtterizeUser, { minItems: 2 }) }),
  gitlab: Type.Object({
    /** projects that exist at the start */
    projects: Type.Array(Type.String()),
    /** Gatehouse's project access token */
    token: Type.String(),
    /** somebody else's token, for races */
    otherToken: Type.String(),
    /** Argo CD's token: reads repositories, writes nothing */
    readToken: Type.String(),
  }),
  kubernetes: Type.Object({
    /** bearer token of the cluster `management`, where Argo CD's Applications live */
    managementToken: Type.String(),
  }),
  oidc: Type.Object({ accounts: Type.Array(OidcAccount), clients: Type.Array(OidcClient) }),
  /** users of the registry and of Harbor's API: the first one is Gatehouse's, the second one may only read */
  harbor: Type.Object({ users: Type.Array(HarborUser, { minItems: 2 }) }),
  /** Gatehouse's user at ServiceNow */
  servicenow: Type.Object({ username: Type.String(), password: Type.String() }),
  checks: Type.Object({
    /** bearer token of the metrics */
    prometheusToken: Type.String(),
  }),
  /** Standard Webhooks secrets (`whsec_…`), outgoing = Gatehouse signs */
  webhooks: Type.Object({ outgoingSecret: Type.String(), incomingSecret: Type.String() }),
});
export type World = Static<typeof World>;

/** The world file is not what `makeWorld` writes. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
}

const DOMAIN = 'example.com';
const STAGES = ['dev', 'stg', 'prod'] as const;
const ADA_EMPLOYEE = 'E-1001';

/**
 * Builds the example world.
 * @param options.clusters number of clusters, named harbour-01 upward; default 25
 */
export function makeWorld(options: { readonly clusters?: number } = {}): World {
  const people = makePeople();
  return {
    domain: DOMAIN,
    people,
    groups: makeGroups(people),
    servicePrincipals: [
      {
        id: stableId('service principal deploy-bot'),
        appId: stableId('application deploy-bot'),
        displayName: 'deploy-bot',
      },
    ],
    clusters: Array.from({ length: options.clusters ?? 25 }, (_, index) => makeCluster(index + 1)),
    entra: {
      tenantId: stableId('tenant'),
      signingKey: secret(),
      clients: [
        {
          clientId: stableId('client gatehouse'),
          clientSecret: secret(),
          displayName: 'gatehouse',
          rights: ['directory-read', 'vault-read', 'vault-write'],
        },
        {
          clientId: stableId('client gatehouse-api'),
          clientSecret: secret(),
          displayName: 'gatehouse-api',
          rights: ['directory-read'],
        },
        {
          clientId: stableId('client external-secrets'),
          clientSecret: secret(),
          displayName: 'external-secrets',
          rights: ['vault-read'],
        },
        {
          clientId: stableId('client vault-admin'),
          clientSecret: secret(),
          displayName: 'vault-admin',
          rights: ['vault-read', 'vault-write', 'vault-purge'],
        },
      ],
    },
    otterize: {
      users: [
        { name: 'Gatehouse', email: `gatehouse@${DOMAIN}`, token: secret() },
        { name: 'Somebody Else', email: 'somebody@else.example', token: secret() },
      ],
    },
    gitlab: {
      projects: ['platform/clusters', 'platform/fleets', 'shop-dev/ops', 'shop-prod/ops', 'fleet/services'],
      token: `glpat-${secret()}`,
      otherToken: `glpat-${secret()}`,
      readToken: `glpat-${secret()}`,
    },
    kubernetes: { managementToken: secret() },
    oidc: {
      accounts: people.map((person) => ({
        person: person.key,
        accountId: person.id,
        login: person.userPrincipalName,
        password: secret(),
      })),
      clients: [
        { clientId: 'gatehouse-page' },
        { clientId: 'gatehouse-cli' },
        { clientId: 'ticketing', clientSecret: secret() },
        { clientId: 'temporal-ui', clientSecret: secret(), forPeople: true },
      ],
    },
    harbor: {
      users: [
        { name: 'robot$gatehouse', password: secret(), rights: 'write' },
        { name: 'robot$reader', password: secret(), rights: 'read' },
      ],
    },
    servicenow: { username: 'gatehouse', password: secret() },
    checks: { prometheusToken: secret() },
    webhooks: { outgoingSecret: webhookSecret(), incomingSecret: webhookSecret() },
  };
}

/** Reads a world file. Throws WorldError when it is not one. */
export function readWorld(file: string): World {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Value.Check(World, value)) {
    throw new WorldError(`${file} is no world file: make one with \`tsx sandbox/make-world.ts FILE\``);
  }
  return value;
}

/** The person of a key, e.g. `ada`. Throws WorldError when there is none. */
export function personOf(world: World, key: string): Person {
  const person = world.people.find((candidate) => candidate.key === key);
  if (!person) throw new WorldError(`the example world has no person ${key}`);
  return person;
}

/** The group of a name, e.g. `procurement`. Throws WorldError when there is none. */
export function groupOf(world: World, name: string): Group {
  const group = world.groups.find((candidate) => candidate.name === name);
  if (!group) throw new WorldError(`the example world has no group ${name}`);
  return group;
}

/** The Entra client of a display name, e.g. `gatehouse`. Throws WorldError when there is none. */
export function entraClientOf(world: World, displayName: string): EntraClient {
  const client = world.entra.clients.find((candidate) => candidate.displayName === displayName);
  if (!client) throw new WorldError(`the example world has no Entra client ${displayName}`);
  return client;
}

function makePeople(): Person[] {
  const member = (
    key: string,
    givenName: string,
    surname: string,
    more: Partial<Omit<Person, 'key' | 'id'>> = {},
  ): Person => ({
    key,
    id: stableId(`user ${key}`),
    employeeId: null,
    givenName,
    surname,
    displayName: `${givenName} ${surname}`,
    mail: `${key}@${DOMAIN}`,
    userPrincipalName: `${key}@${DOMAIN}`,
    userType: 'Member',
    accountEnabled: true,
    ...more,
  });
  return [
    member('ada', 'Ada', 'Lovelace', { employeeId: ADA_EMPLOYEE }),
    // the same person once more, typed in another case: must not approve what Ada requested. Administrator accounts have
    // no mailbox.
    member('adm-ada', 'Ada', 'Lovelace', {
      employeeId: ADA_EMPLOYEE.toLowerCase(),
      displayName: 'Ada Lovelace (Admin)',
      mail: null,
    }),
    member('ben', 'Ben', 'Okafor', { employeeId: 'E-1002' }),
    member('chi', 'Chi', 'Nguyen', { employeeId: 'E-1003' }),
    // umlaut and double name
    member('dora', 'Dora', 'Jäger-Müller', { employeeId: 'E-1004' }),
    member('emil', 'Emil', 'Sørensen', { employeeId: 'E-1005' }),
    // the quote must be doubled in an OData filter
    member('fay', 'Fay', "O'Neill", { employeeId: 'E-1006', mail: `fay.o'neill@${DOMAIN}` }),
    // two people whose names give the same address
    member('max1', 'Max', 'Weber', { employeeId: 'E-1007' }),
    member('max2', 'Max', 'Weber', { employeeId: 'E-1008' }),
    member('olga', 'Olga', 'Petrova', { employeeId: 'E-1009' }),
    member('ivo', 'Ivo', 'Horvat', { employeeId: 'E-1010' }),
    member('gina', 'Gina', 'Rossi', {
      mail: 'gina.rossi@partner.example',
      userPrincipalName: 'gina.rossi_partner.example#EXT#@example.onmicrosoft.com',
      userType: 'Guest',
    }),
    // people at machines without a mailbox
    member('kim', 'Kim', 'Park', { employeeId: 'E-1011', mail: null }),
    member('lea', 'Lea', 'Roth', { employeeId: 'E-1012', mail: null }),
  ];
}

function makeGroups(people: readonly Person[]): Group[] {
  const group = (name: string, users: readonly string[], others: Group['members'] = []): Group => ({
    name,
    id: groupId(name),
    members: [
      ...users.map((key) => {
        const person = people.find((candidate) => candidate.key === key);
        if (!person) throw new WorldError(`group ${name} names ${key}, who does not exist`);
        return { kind: 'user' as const, id: person.id };
      }),
      ...others,
    ],
  });
  return [
    group(
      'platform-team',
      ['ada', 'dora', 'emil', 'fay'],
      [
        { kind: 'group', id: groupId('platform-oncall') },
        { kind: 'servicePrincipal', id: stableId('service principal deploy-bot') },
      ],
    ),
    // Emil is in both: transitive members name him once
    group('platform-oncall', ['emil', 'olga', 'gina']),
    group('requesters', ['ada', 'emil']),
    group('procurement', ['ben', 'adm-ada']),
    group('dpo', ['chi']),
    group('operators', ['olga']),
    group('auditors', ['ivo']),
    // nobody in it has a mail address
    group('shop-floor', ['kim', 'lea']),
    group('shop-owners', ['ben', 'chi']),
    group('empty', []),
  ];
}

function makeCluster(number: number): Cluster {
  const name = `harbour-${String(number).padStart(2, '0')}`;
  const stage = STAGES[(number - 1) % STAGES.length] ?? 'dev';
  return {
    name,
    stage,
    vault: `kv-${name}-${stage}`,
    application: `${name}-${stage}-otterize`,
    path: `${name}/${stage}`,
    kubernetesToken: secret(),
  };
}

function groupId(name: string): string {
  return stableId(`group ${name}`);
}

/** a GUID that is the same in every world, made from a name */
function stableId(name: string): string {
  const hex = createHash('sha256').update(`gatehouse example ${name}`).digest('hex');
  // version and variant of a name-based UUID (RFC 9562, version 8)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

function webhookSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}
