import Type, { type Static } from 'typebox';

/** milliseconds since 1970 from which on, or until which, readers see a thing; absent = always */
const Moment = Type.Optional(Type.Number());

export const DirectoryUser = Type.Object({
  id: Type.String(),
  employeeId: Type.Union([Type.String(), Type.Null()]),
  givenName: Type.Union([Type.String(), Type.Null()]),
  surname: Type.Union([Type.String(), Type.Null()]),
  displayName: Type.String(),
  mail: Type.Union([Type.String(), Type.Null()]),
  userPrincipalName: Type.String(),
  userType: Type.Union([Type.Literal('Member'), Type.Literal('Guest')]),
  accountEnabled: Type.Boolean(),
  visibleFrom: Moment,
});
export type DirectoryUser = Static<typeof DirectoryUser>;

export const Membership = Type.Object({
  kind: Type.Union([Type.Literal('user'), Type.Literal('group'), Type.Literal('servicePrincipal')]),
  id: Type.String(),
  visibleFrom: Moment,
  visibleUntil: Moment,
});
export type Membership = Static<typeof Membership>;

export const DirectoryGroup = Type.Object({
  id: Type.String(),
  displayName: Type.String(),
  members: Type.Array(Membership),
  visibleFrom: Moment,
});
export type DirectoryGroup = Static<typeof DirectoryGroup>;

export const DirectoryState = Type.Object({
  users: Type.Array(DirectoryUser),
  groups: Type.Array(DirectoryGroup),
  servicePrincipals: Type.Array(
    Type.Object({ id: Type.String(), appId: Type.String(), displayName: Type.String() }),
  ),
});
export type DirectoryState = Static<typeof DirectoryState>;

export const DirectorySettings = Type.Object(
  {
    /** members and users a page, when the caller names no `$top` (real: 100) */
    pageSize: Type.Integer({ minimum: 1, maximum: 999 }),
    /** how long after a change readers still see the old state, in milliseconds */
    consistencyMs: Type.Integer({ minimum: 0 }),
    /** life of an access token, in seconds; negative = born expired */
    tokenSeconds: Type.Integer(),
  },
  { additionalProperties: false },
);
export type DirectorySettings = Static<typeof DirectorySettings>;

/** whether readers see a thing at this time */
export function isVisible(thing: { visibleFrom?: number; visibleUntil?: number }, now: number): boolean {
  return (thing.visibleFrom ?? 0) <= now && now < (thing.visibleUntil ?? Number.POSITIVE_INFINITY);
}
