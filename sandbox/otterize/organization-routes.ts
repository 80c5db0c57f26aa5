import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import { newId, randomName } from './identifiers.js';
import type { Otterize } from './otterize.js';
import { showInvite, showMembership, showOrganization, showUser } from './representations.js';
import type { Organization } from './state.js';

const CreateOrganization = Type.Object({ name: Type.Optional(Type.String()) });

/** Organisations, their users, and who the caller is. */
export function addOrganizationRoutes(otterize: Otterize, base: string): void {
  const { standIn, state } = otterize;

  standIn.operation({
    id: 'ping_query',
    method: 'GET',
    path: `${base}/ping`,
    open: true,
    handle: () => ({ status: 200, body: true }),
  });
  standIn.operation({
    id: 'me_query',
    method: 'GET',
    path: `${base}/me`,
    handle: (call) => {
      const user = otterize.personOf(call);
      const invites = state.invites.filter(
        (invite) => invite.email === user.email && invite.acceptedAt === undefined,
      );
      return {
        status: 200,
        body: {
          user: showUser(user),
          userOrganizations: otterize
            .organizationsOf(user)
            .map((organization) => showMembership(organization, user.id)),
          invites: invites.map(showInvite),
        },
      };
    },
  });
  standIn.operation({
    id: 'organizations_query',
    method: 'GET',
    path: `${base}/organizations`,
    handle: (call) => {
      const caller = otterize.callerOf(call);
      const mine =
        caller.kind === 'person' ? otterize.organizationsOf(caller.user) : [otterize.organizationOf(call)];
      return { status: 200, body: mine.map(showOrganization) };
    },
  });
  standIn.operation({
    id: 'createOrganization_mutation',
    method: 'POST',
    path: `${base}/organizations`,
    handle: (call) => {
      const user = otterize.personOf(call);
      const name = call.body(CreateOrganization).name || randomName();
      const namesakes = state.organizations.filter((organization) => organization.name === name);
      otterize.refuseTaken(namesakes.length > 0, `organization ${name}`);
      const id = newId('org');
      const organization: Organization = {
        id,
        name,
        uniqueName: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-${id.slice(-6)}`,
        created: new Date().toISOString(),
        members: [{ userId: user.id, role: 'ADMIN' }],
      };
      call.change('created', `organization ${name}`, () => state.organizations.push(organization));
      return { status: 200, body: showOrganization(organization) };
    },
  });
  standIn.operation({
    id: 'organization_query',
    method: 'GET',
    path: `${base}/organizations/:id`,
    handle: (call) => ({
      status: 200,
      body: showOrganization(mine(otterize.organizationsOf(otterize.personOf(call)), call.param('id'))),
    }),
  });
  standIn.operation({
    id: 'updateOrganization_mutation',
    method: 'PATCH',
    path: `${base}/organizations/:id`,
    handle: (call) => {
      const organization = mine(otterize.organizationsOf(otterize.personOf(call)), call.param('id'));
      const { name } = call.body(CreateOrganization);
      if (name !== undefined) {
        const taken = state.organizations.some((other) => other.name === name && other !== organization);
        otterize.refuseTaken(taken, `organization ${name}`);
        call.change('changed', `organization ${name}`, () => {
          organization.name = name;
        });
      }
      return { status: 200, body: showOrganization(organization) };
    },
  });
  standIn.operation({
    id: 'users_query',
    method: 'GET',
    path: `${base}/users`,
    handle: (call) => {
      const { members } = otterize.organizationOf(call);
      const users = state.users.filter((user) => members.some((member) => member.userId === user.id));
      return { status: 200, body: users.map(showUser) };
    },
  });
  standIn.operation({
    id: 'orgUsers_query',
    method: 'GET',
    path: `${base}/org-users`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      return {
        status: 200,
        body: organization.members.map((member) => showMembership(organization, member.userId)),
      };
    },
  });
}

function mine(organizations: readonly Organization[], id: string): Organization {
  const organization = organizations.find((candidate) => candidate.id === id);
  if (!organization) throw new Refusal(404, `organization ${id} not found`);
  return organization;
}
