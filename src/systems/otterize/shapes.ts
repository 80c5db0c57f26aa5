/**
 * The parts of Otterize's answers that Gatehouse reads (vendor: OpenAPI document v1beta). Credentials are optional here
 * although the vendor marks them required: whether a read gives the secret again is not stated, so both must work
 * (reference: onboarding, section 3).
 */
import Type from 'typebox';

/** Ids are put into paths and headers, so they are held to the vendor's own pattern. */
export const ID_PATTERN = '^[A-Za-z_]+_[a-z0-9]+$';
/** Names of environments, clusters and integrations (vendor: format `custom-name`), 2 to 63 characters. */
export const NAME_PATTERN = '^[A-Za-z][A-Za-z0-9-_ ]{0,61}[A-Za-z0-9]$';

const Id = Type.String({ pattern: ID_PATTERN });

export const Organization = Type.Object({
  id: Id,
  name: Type.String(),
  uniqueName: Type.String(),
  created: Type.String(),
});

export const Role = Type.Union([Type.Literal('ADMIN'), Type.Literal('VIEWER')]);
export const InviteStatus = Type.Union([Type.Literal('PENDING'), Type.Literal('ACCEPTED')]);

export const Invite = Type.Object({
  id: Id,
  email: Type.String(),
  status: InviteStatus,
  organization: Type.Object({ id: Id }),
  organizationMembership: Type.Object({ role: Role }),
});

export const User = Type.Object({ id: Id, email: Type.String(), name: Type.String() });

export const Label = Type.Object({ key: Type.String(), value: Type.Optional(Type.String()) });

export const Environment = Type.Object({
  id: Id,
  name: Type.String(),
  labels: Type.Optional(Type.Array(Label)),
});

const ComponentStatus = Type.Object({
  status: Type.Object({
    type: Type.Union([
      Type.Literal('NOT_INTEGRATED'),
      Type.Literal('CONNECTED'),
      Type.Literal('DISCONNECTED'),
    ]),
    lastSeen: Type.Optional(Type.String()),
  }),
});

/** The components that the vendor reports of a cluster. */
export const COMPONENTS = ['intentsOperator', 'credentialsOperator', 'networkMapper'] as const;

export const Integration = Type.Object({
  id: Id,
  name: Type.String(),
  type: Type.String(),
  organizationId: Type.String(),
  defaultEnvironment: Type.Optional(Type.Object({ id: Id })),
  components: Type.Optional(
    Type.Object({
      intentsOperator: ComponentStatus,
      credentialsOperator: ComponentStatus,
      networkMapper: ComponentStatus,
    }),
  ),
  credentials: Type.Optional(
    Type.Object({
      clientId: Type.Optional(Type.String()),
      clientSecret: Type.Optional(Type.String()),
    }),
  ),
});

export const Me = Type.Object({ user: User });
