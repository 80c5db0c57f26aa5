import Type, { type Static } from 'typebox';

const Role = Type.Union([Type.Literal('ADMIN'), Type.Literal('VIEWER')]);

export const User = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: Type.String(),
  /** the person's access token; empty = signed out */
  token: Type.String(),
});
export type User = Static<typeof User>;

export const Organization = Type.Object({
  id: Type.String(),
  name: Type.String(),
  uniqueName: Type.String(),
  created: Type.String(),
  members: Type.Array(Type.Object({ userId: Type.String(), role: Role })),
});
export type Organization = Static<typeof Organization>;

export const Invite = Type.Object({
  id: Type.String(),
  organizationId: Type.String(),
  email: Type.String(),
  role: Role,
  inviterId: Type.String(),
  created: Type.String(),
  acceptedAt: Type.Optional(Type.String()),
});
export type Invite = Static<typeof Invite>;

export const Label = Type.Object({ key: Type.String(), value: Type.Optional(Type.String()) });

export const Environment = Type.Object({
  id: Type.String(),
  organizationId: Type.String(),
  name: Type.String(),
  labels: Type.Array(Label),
});
export type Environment = Static<typeof Environment>;

export const Cluster = Type.Object({
  id: Type.String(),
  organizationId: Type.String(),
  name: Type.String(),
  createdAt: Type.String(),
});
export type Cluster = Static<typeof Cluster>;

export const Integration = Type.Object({
  id: Type.String(),
  organizationId: Type.String(),
  name: Type.String(),
  environmentId: Type.String(),
  clusterId: Type.String(),
  clientId: Type.String(),
  clientSecret: Type.String(),
  /** milliseconds since 1970: when the components of the cluster are (or will be) connected */
  connectedFrom: Type.Optional(Type.Number()),
  /** when they fell silent */
  silentFrom: Type.Optional(Type.Number()),
});
export type Integration = Static<typeof Integration>;

/** a token that a cluster's components got for the credentials of an integration */
export const ComponentToken = Type.Object({
  token: Type.String(),
  integrationId: Type.String(),
  /** milliseconds since 1970 */
  expires: Type.Number(),
});

export const OtterizeState = Type.Object({
  users: Type.Array(User),
  organizations: Type.Array(Organization),
  invites: Type.Array(Invite),
  environments: Type.Array(Environment),
  clusters: Type.Array(Cluster),
  integrations: Type.Array(Integration),
  componentTokens: Type.Array(ComponentToken),
});
export type OtterizeState = Static<typeof OtterizeState>;

export const OtterizeSettings = Type.Object(
  {
    /** whether reading an integration gives the client secret again, or an empty one; the vendor does not say */
    secretReturned: Type.Union([Type.Literal('always'), Type.Literal('once')]),
    /** whether a second object of the same name is made or answered 409; the vendor does not say */
    duplicateNames: Type.Union([Type.Literal('allow'), Type.Literal('refuse')]),
    /**
     * A request without organisation header of a person with several organisations: the real service refuses (400), its
     * spec says that the first one is taken. With one organisation it is taken in both cases.
     */
    organizationHeaderMissing: Type.Union([Type.Literal('refuse'), Type.Literal('first')]),
    /** persons' tokens answer 401 after so many more requests; null = never */
    tokenCalls: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
    /** persons' tokens answer 401 from this ISO time on; null = never */
    tokenExpires: Type.Union([Type.String(), Type.Null()]),
    /** from the components' login to CONNECTED, in milliseconds */
    connectMs: Type.Integer({ minimum: 0 }),
    /** how often connected components report, in milliseconds: the grain of `lastSeen` */
    reportMs: Type.Integer({ minimum: 1 }),
    /**
     * names of integrations or clusters whose components never get through; `name:networkMapper` silences only one
     * component
     */
    staysNotIntegrated: Type.Array(Type.String()),
    /** life of the components' tokens, in seconds */
    componentTokenSeconds: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type OtterizeSettings = Static<typeof OtterizeSettings>;
