/** The parts of Microsoft Graph's answers that Gatehouse reads (vendor: Graph v1.0 metadata; most fields may be null). */
import Type, { type TSchema } from 'typebox';

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));

/** Fields asked for by `$select`. */
export const USER_FIELDS = [
  'id',
  'mail',
  'userPrincipalName',
  'displayName',
  'givenName',
  'surname',
  'userType',
  'accountEnabled',
  'employeeId',
] as const;

export const User = Type.Object({
  id: Type.String({ minLength: 1 }),
  mail: Text,
  userPrincipalName: Text,
  displayName: Text,
  givenName: Text,
  surname: Text,
  userType: Text,
  accountEnabled: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  employeeId: Text,
});

/** A group member may be a user, a group, a device or a service principal; only `@odata.type` tells. */
export const Member = Type.Object({ id: Type.String({ minLength: 1 }), '@odata.type': Type.String() });

/** One page of a list; `@odata.nextLink` is followed as it is until it is absent. */
export function pageOf<S extends TSchema>(item: S) {
  return Type.Object({
    value: Type.Array(item),
    '@odata.nextLink': Type.Optional(Type.String()),
  });
}
