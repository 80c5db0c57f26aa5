import type {
  Cluster,
  Environment,
  Integration,
  Invite,
  Organization,
  OtterizeSettings,
  OtterizeState,
  User,
} from './state.js';

const COMPONENTS = {
  intentsOperator: 'INTENTS_OPERATOR',
  credentialsOperator: 'CREDENTIALS_OPERATOR',
  networkMapper: 'NETWORK_MAPPER',
} as const;

/** The vendor's JSON of each object, after the schemas of its OpenAPI document. */
export function showOrganization(organization: Organization): Record<string, unknown> {
  return {
    id: organization.id,
    name: organization.name,
    uniqueName: organization.uniqueName,
    created: organization.created,
    settings: {
      domainsDefaultRole: 'VIEWER',
      defaultInviteMembership: { organizationId: organization.id, role: 'VIEWER' },
      defaultIntentsApprovalActionByEnv: [],
      autoApproveMoreRestrictiveIntentsByEnv: [],
    },
  };
}

export function showUser(user: User): Record<string, unknown> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    imageURL: '',
    authProviderUserId: `auth0|${user.id}`,
  };
}

export function showMembership(organization: Organization, userId: string): Record<string, unknown> {
  const role = organization.members.find((member) => member.userId === userId)?.role ?? 'VIEWER';
  return {
    org: showOrganization(organization),
    user: { id: userId },
    membership: { organizationId: organization.id, role },
  };
}

export function showInvite(invite: Invite): Record<string, unknown> {
  return {
    id: invite.id,
    email: invite.email,
    organization: { id: invite.organizationId },
    organizationMembership: { organizationId: invite.organizationId, role: invite.role },
    inviter: { id: invite.inviterId },
    created: invite.created,
    status: statusOf(invite),
    ...(invite.acceptedAt === undefined ? {} : { acceptedAt: invite.acceptedAt }),
  };
}

export function statusOf(invite: Invite): 'PENDING' | 'ACCEPTED' {
  return invite.acceptedAt === undefined ? 'PENDING' : 'ACCEPTED';
}

export function showEnvironment(environment: Environment): Record<string, unknown> {
  return {
    id: environment.id,
    name: environment.name,
    labels: environment.labels,
    namespaces: [],
    serviceCount: 0,
    appliedIntentsCount: 0,
  };
}

/** an integration; `secret` = with its client secret, else an empty one */
export function showIntegration(
  integration: Integration,
  state: OtterizeState,
  settings: OtterizeSettings,
  secret: boolean,
): Record<string, unknown> {
  return {
    id: integration.id,
    name: integration.name,
    type: 'KUBERNETES',
    organizationId: integration.organizationId,
    cluster: { id: integration.clusterId },
    defaultEnvironment: { id: integration.environmentId },
    components: showComponents(integration, state, settings),
    credentials: { clientId: integration.clientId, clientSecret: secret ? integration.clientSecret : '' },
  };
}

export function showCluster(
  cluster: Cluster,
  state: OtterizeState,
  settings: OtterizeSettings,
): Record<string, unknown> {
  const integrations = state.integrations.filter((integration) => integration.clusterId === cluster.id);
  const first = integrations[0];
  return {
    id: cluster.id,
    name: cluster.name,
    createdAt: cluster.createdAt,
    namespaces: [],
    serviceCount: 0,
    integrations: integrations.map(({ id }) => ({ id })),
    components: showComponents(first, state, settings),
    ...(first ? { defaultEnvironment: { id: first.environmentId }, integration: { id: first.id } } : {}),
  };
}

/** status of each component now: it follows from the times in the state, nothing has to tick */
function showComponents(
  integration: Integration | undefined,
  state: OtterizeState,
  settings: OtterizeSettings,
): Record<string, unknown> {
  const cluster = state.clusters.find((candidate) => candidate.id === integration?.clusterId);
  const names = [integration?.name, cluster?.name];
  const shown = Object.entries(COMPONENTS).map(([component, type]) => {
    const silenced = names.some(
      (name) =>
        name !== undefined &&
        (settings.staysNotIntegrated.includes(name) ||
          settings.staysNotIntegrated.includes(`${name}:${component}`)),
    );
    return [component, { type, status: silenced ? NEVER_SEEN : statusAt(integration, settings, Date.now()) }];
  });
  return Object.fromEntries(shown);
}

const NEVER_SEEN = { type: 'NOT_INTEGRATED' };

function statusAt(
  integration: Integration | undefined,
  settings: OtterizeSettings,
  now: number,
): { readonly type: string; readonly lastSeen?: string } {
  const from = integration?.connectedFrom;
  if (from === undefined || from > now) return NEVER_SEEN;
  const until = Math.min(integration?.silentFrom ?? now, now);
  const reports = Math.max(0, Math.floor((until - from) / settings.reportMs));
  return {
    type: integration?.silentFrom === undefined ? 'CONNECTED' : 'DISCONNECTED',
    lastSeen: new Date(from + reports * settings.reportMs).toISOString(),
  };
}
