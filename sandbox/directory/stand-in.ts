import { randomUUID } from 'node:crypto';
import Type from 'typebox';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { SpecCheck } from '../framework/spec-check.js';
import { StandIn } from '../framework/stand-in.js';
import type { World } from '../world.js';
import { AUDIENCES, checkAccessToken } from './access-token.js';
import { parseFilter } from './filter.js';
import { pageOf } from './pages.js';
import { showGroup, showMember, showUser } from './representations.js';
import {
  DirectoryGroup,
  DirectorySettings,
  DirectoryState,
  DirectoryUser,
  isVisible,
  type Membership,
} from './state.js';
import { answerTokenRequest } from './token-endpoint.js';

const Reference = Type.Object({ '@odata.id': Type.String() });
const REFERENCE = /^https:\/\/graph\.microsoft\.com\/v1\.0\/(?:directoryObjects|users)\/([\w-]+)$/;

/**
 * Microsoft Graph v1.0 (users, groups, members) and Entra ID's token endpoint.
 *
 * Quirks kept: mail may be null; guests have `#EXT#` in the principal name; members are of three kinds; lists come in
 * pages with a whole `@odata.nextLink`; employeeId only when selected; changes are seen late (switch `consistencyMs`).
 * Rules that rest on general knowledge and not on a document: error texts, `Invalid page size`, the repeated addition of
 * a member (reference: saas-apis, section 5, mark K).
 *
 * Controls besides the common ones: `POST /_sandbox/people` and `POST /_sandbox/groups` add or replace one object, whose
 * state becomes visible after `consistencyMs`.
 */
export async function startDirectory(context: StandInContext): Promise<RunningStandIn> {
  const { world } = context;
  const standIn = new StandIn({
    system: 'directory',
    folder: context.folder,
    state: { schema: DirectoryState, initial: () => initialState(world) },
    settings: {
      schema: DirectorySettings,
      defaults: { pageSize: 100, consistencyMs: 0, tokenSeconds: 3600 },
    },
    spec: await SpecCheck.load('msgraph/graph-v1.0-users-groups.derived.openapi.json'),
    specBase: '/v1.0',
    errorBody,
    refuseInvalid: (problems) => new Refusal(400, problems.join('; '), { code: 'BadRequest' }),
    authenticate: async (call) => {
      const check = await checkAccessToken(world, call.header('authorization'), AUDIENCES.graph);
      if (check.state === 'good') {
        if (check.client.rights.includes('directory-read')) return;
        throw new Refusal(403, 'Insufficient privileges to complete the operation.');
      }
      const reason = {
        missing: 'Access token is empty.',
        expired: 'Lifetime validation failed, the token is expired.',
        wrong: 'Access token validation failure. Invalid audience or signature.',
      }[check.state];
      throw new Refusal(401, reason);
    },
  });
  const { state } = standIn;

  const visible = <T extends { visibleFrom?: number; visibleUntil?: number }>(things: readonly T[]): T[] =>
    things.filter((thing) => isVisible(thing, Date.now()));
  const visibleSoon = () => Date.now() + standIn.settings.consistencyMs;

  const userOf = (idOrName: string): DirectoryUser => {
    const wanted = idOrName.toLowerCase();
    const user = visible(state.users).find(
      (candidate) => candidate.id === wanted || candidate.userPrincipalName.toLowerCase() === wanted,
    );
    if (!user) throw notFound(idOrName);
    return user;
  };
  const groupOf = (id: string): DirectoryGroup => {
    const group = visible(state.groups).find((candidate) => candidate.id === id.toLowerCase());
    if (!group) throw notFound(id);
    return group;
  };
  const transitive = (group: DirectoryGroup): Membership[] => {
    const found = new Map<string, Membership>();
    const walk = (current: DirectoryGroup) => {
      for (const member of visible(current.members)) {
        if (found.has(member.id)) continue;
        found.set(member.id, member);
        const nested = state.groups.find((candidate) => candidate.id === member.id);
        if (nested) walk(nested);
      }
    };
    walk(group);
    return [...found.values()];
  };

  const list = <T extends { readonly id: string }>(call: Call, context: string, items: readonly T[]) => {
    const page = pageOf(items, {
      top: call.query('$top'),
      skipToken: call.query('$skiptoken'),
      pageSize: standIn.settings.pageSize,
      url: new URL(call.request.url, `http://${call.header('host') ?? '127.0.0.1'}`),
    });
    const counted = call.query('$count') === 'true' && call.header('consistencylevel') === 'eventual';
    return {
      status: 200,
      body: {
        '@odata.context': `https://graph.microsoft.com/v1.0/$metadata#${context}`,
        ...(counted ? { '@odata.count': items.length } : {}),
        ...(page.nextLink === undefined ? {} : { '@odata.nextLink': page.nextLink }),
        value: page.items,
      },
    };
  };
  const members = (call: Call, found: readonly Membership[]) => {
    const shown = found.flatMap((member) => showMember(state, member, call.query('$select')) ?? []);
    return list(call, 'directoryObjects', shown);
  };
  const userMembers = (call: Call, found: readonly Membership[]) => {
    const ids = new Set(found.map((member) => member.id));
    const users = visible(state.users).filter((user) => ids.has(user.id));
    return list(
      call,
      'users',
      users.map((user) => showUser(user, call.query('$select'))),
    );
  };

  standIn.operation({
    id: 'token',
    method: 'POST',
    path: '/:tenant/oauth2/v2.0/token',
    open: true,
    // Entra ID's endpoint, not Graph's
    unchecked: true,
    handle: (call) => answerTokenRequest(world, call, standIn.settings.tokenSeconds),
  });
  standIn.operation({
    id: 'listUsers',
    method: 'GET',
    path: '/v1.0/users',
    handle: (call) => {
      const filter = call.query('$filter');
      const matches = filter === undefined ? () => true : parseFilter(filter);
      const users = visible(state.users).filter(matches);
      return list(
        call,
        'users',
        users.map((user) => showUser(user, call.query('$select'))),
      );
    },
  });
  standIn.operation({
    id: 'getUser',
    method: 'GET',
    path: '/v1.0/users/:id',
    handle: (call) => ({
      status: 200,
      body: {
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users/$entity',
        ...showUser(userOf(call.param('id')), call.query('$select')),
      },
    }),
  });
  standIn.operation({
    id: 'listGroups',
    method: 'GET',
    path: '/v1.0/groups',
    handle: (call) => {
      const filter = call.query('$filter');
      const matches = filter === undefined ? () => true : parseFilter(filter);
      const groups = visible(state.groups).filter(matches);
      return list(
        call,
        'groups',
        groups.map((group) => showGroup(group, call.query('$select'))),
      );
    },
  });
  standIn.operation({
    id: 'getGroup',
    method: 'GET',
    path: '/v1.0/groups/:id',
    handle: (call) => ({
      status: 200,
      body: {
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#groups/$entity',
        ...showGroup(groupOf(call.param('id')), call.query('$select')),
      },
    }),
  });
  standIn.operation({
    id: 'listMembers',
    method: 'GET',
    path: '/v1.0/groups/:id/members',
    handle: (call) => members(call, visible(groupOf(call.param('id')).members)),
  });
  standIn.operation({
    id: 'listUserMembers',
    method: 'GET',
    path: '/v1.0/groups/:id/members/microsoft.graph.user',
    // the derived spec has this cast for transitive members only
    unchecked: true,
    handle: (call) => userMembers(call, visible(groupOf(call.param('id')).members)),
  });
  standIn.operation({
    id: 'listTransitiveMembers',
    method: 'GET',
    path: '/v1.0/groups/:id/transitiveMembers',
    handle: (call) => members(call, transitive(groupOf(call.param('id')))),
  });
  standIn.operation({
    id: 'listTransitiveUserMembers',
    method: 'GET',
    path: '/v1.0/groups/:id/transitiveMembers/microsoft.graph.user',
    handle: (call) => userMembers(call, transitive(groupOf(call.param('id')))),
  });
  standIn.operation({
    id: 'addMember',
    method: 'POST',
    path: '/v1.0/groups/:id/members/$ref',
    handle: (call) => {
      const group = groupOf(call.param('id'));
      const id = REFERENCE.exec(call.body(Reference)['@odata.id'])?.[1] ?? '';
      if (!state.users.some((user) => user.id === id)) throw notFound(id);
      if (group.members.some((member) => member.id === id && member.visibleUntil === undefined)) {
        throw new Refusal(
          400,
          "One or more added object references already exist for the following modified properties: 'members'.",
        );
      }
      call.change('created', `member ${id} of ${group.displayName}`, () => {
        group.members.push({ kind: 'user', id, visibleFrom: visibleSoon() });
      });
      return { status: 204 };
    },
  });
  standIn.operation({
    id: 'removeMember',
    method: 'DELETE',
    path: '/v1.0/groups/:id/members/:member/$ref',
    handle: (call) => {
      const group = groupOf(call.param('id'));
      const member = group.members.find(
        (candidate) => candidate.id === call.param('member') && candidate.visibleUntil === undefined,
      );
      if (!member) throw notFound(call.param('member'));
      call.change('deleted', `member ${member.id} of ${group.displayName}`, () => {
        member.visibleUntil = visibleSoon();
      });
      return { status: 204 };
    },
  });
  addControls(standIn, visibleSoon);

  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}

function addControls(
  standIn: StandIn<typeof DirectoryState, typeof DirectorySettings>,
  visibleSoon: () => number,
): void {
  const { state } = standIn;
  standIn.control('POST', '/people', DirectoryUser, async (user) => {
    await standIn.act('changed', `user ${user.userPrincipalName}`, () => {
      replace(state.users, { visibleFrom: visibleSoon(), ...user });
    });
  });
  standIn.control('POST', '/groups', DirectoryGroup, async (group) => {
    await standIn.act('changed', `group ${group.displayName}`, () => {
      replace(state.groups, { visibleFrom: visibleSoon(), ...group });
    });
  });
}

function replace<T extends { readonly id: string }>(list: T[], item: T): void {
  const index = list.findIndex((candidate) => candidate.id === item.id);
  if (index < 0) list.push(item);
  else list[index] = item;
}

function initialState(world: World): DirectoryState {
  return {
    users: world.people.map(({ key: _, ...user }) => user),
    groups: world.groups.map((group) => ({
      id: group.id,
      displayName: group.name,
      members: group.members.map((member) => ({ ...member })),
    })),
    servicePrincipals: world.servicePrincipals.map((principal) => ({ ...principal })),
  };
}

function notFound(id: string): Refusal {
  return new Refusal(
    404,
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

const CODES: Readonly<Record<number, string>> = {
  400: 'Request_BadRequest',
  401: 'InvalidAuthenticationToken',
  403: 'Authorization_RequestDenied',
  404: 'Request_ResourceNotFound',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

function errorBody(refusal: Refusal): unknown {
  const id = randomUUID();
  return {
    error: {
      code: refusal.code || (CODES[refusal.status] ?? 'UnknownError'),
      message: refusal.message,
      innerError: {
        date: new Date().toISOString().slice(0, 19),
        'request-id': id,
        'client-request-id': id,
      },
    },
  };
}
