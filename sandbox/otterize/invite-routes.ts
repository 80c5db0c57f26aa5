import Type from 'typebox';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { newId } from './identifiers.js';
import { found, type Otterize, only } from './otterize.js';
import { showInvite, statusOf } from './representations.js';
import type { Invite } from './state.js';

const CreateInvite = Type.Object({
  email: Type.String(),
  organizationMembership: Type.Optional(
    Type.Object({ role: Type.Optional(Type.Union([Type.Literal('ADMIN'), Type.Literal('VIEWER')])) }),
  ),
});

/** Invites into an organisation. */
export function addInviteRoutes(otterize: Otterize, base: string): void {
  const { standIn, state } = otterize;

  const matching = (call: Call): Invite[] => {
    const organization = otterize.organizationOf(call);
    const email = call.query('email')?.toLowerCase();
    const status = call.query('status');
    return state.invites.filter(
      (invite) =>
        invite.organizationId === organization.id &&
        (email === undefined || invite.email.toLowerCase() === email) &&
        (status === undefined || statusOf(invite) === status),
    );
  };

  standIn.operation({
    id: 'invites_query',
    method: 'GET',
    path: `${base}/invites`,
    handle: (call) => ({ status: 200, body: matching(call).map(showInvite) }),
  });
  standIn.operation({
    id: 'oneInvite_query',
    method: 'GET',
    path: `${base}/invite`,
    handle: (call) => ({ status: 200, body: showInvite(only(matching(call), 'invite')) }),
  });
  standIn.operation({
    id: 'createInvite_mutation',
    method: 'POST',
    path: `${base}/invites`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const user = otterize.personOf(call);
      const { email, organizationMembership } = call.body(CreateInvite);
      const taken = state.invites.some(
        (invite) =>
          invite.organizationId === organization.id && invite.email.toLowerCase() === email.toLowerCase(),
      );
      otterize.refuseTaken(taken, `invite for ${email}`);
      const invite: Invite = {
        id: newId('inv'),
        organizationId: organization.id,
        email,
        // the organisation's default, see showOrganization
        role: organizationMembership?.role ?? 'VIEWER',
        inviterId: user.id,
        created: new Date().toISOString(),
      };
      call.change('created', `invite ${email} to ${organization.name}`, () => state.invites.push(invite));
      return { status: 200, body: showInvite(invite) };
    },
  });
  standIn.operation({
    id: 'invite_query',
    method: 'GET',
    path: `${base}/invites/:id`,
    handle: (call) => ({
      status: 200,
      body: showInvite(found(state.invites, otterize.organizationOf(call), call.param('id'), 'invite')),
    }),
  });
  standIn.operation({
    id: 'deleteInvite_mutation',
    method: 'DELETE',
    path: `${base}/invites/:id`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const invite = found(state.invites, organization, call.param('id'), 'invite');
      call.change('deleted', `invite ${invite.email} to ${organization.name}`, () => {
        state.invites.splice(state.invites.indexOf(invite), 1);
      });
      return { status: 200, body: invite.id };
    },
  });
  standIn.operation({
    id: 'acceptInvite_mutation',
    method: 'PATCH',
    path: `${base}/invites/:id`,
    handle: (call) => {
      // the invited person does not belong to the organisation yet, so the header plays no part
      const user = otterize.personOf(call);
      const invite = state.invites.find((candidate) => candidate.id === call.param('id'));
      if (!invite) throw new Refusal(404, `invite ${call.param('id')} not found`);
      if (invite.email.toLowerCase() !== user.email.toLowerCase()) {
        throw new Refusal(403, 'this invite is for somebody else');
      }
      const organization = state.organizations.find(({ id }) => id === invite.organizationId);
      if (!organization) throw new Refusal(404, `organization ${invite.organizationId} not found`);
      call.change('changed', `invite ${invite.email} to ${organization.name}`, () => {
        invite.acceptedAt = new Date().toISOString();
        organization.members.push({ userId: user.id, role: invite.role });
      });
      return { status: 200, body: showInvite(invite) };
    },
  });
}
