import Type, { type TSchema } from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { JsonCall, JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { troubleOf } from '../http/trouble.js';
import { Secret } from '../secret.js';
import { COMPONENTS, Environment, ID_PATTERN, Integration, Invite, NAME_PATTERN, User } from './shapes.js';
import type {
  OtterizeComponentStatus,
  OtterizeCredentials,
  OtterizeEnvironment,
  OtterizeIntegration,
  OtterizeInvite,
  OtterizeInviteStatus,
  OtterizeRole,
  OtterizeUser,
} from './types.js';

type OrganizationCall = Omit<JsonCall, 'headers'>;

/**
 * Otterize inside one organisation. Made by `OtterizeClient.organization`; the header that names the organisation is set
 * in the one place that all calls go through. All methods throw `SystemError`.
 */
export class OtterizeOrganization {
  readonly #http: JsonRequester;
  readonly id: string;

  /** @throws SystemError kind `invalid` when the id is empty or not of the vendor's form */
  constructor(http: JsonRequester, id: string) {
    if (!new RegExp(ID_PATTERN).test(id)) {
      throw new SystemError(
        troubleOf(
          { system: 'otterize', operation: 'choose organization', object: id === '' ? '(empty)' : id },
          'invalid',
          'this is not the id of an organization, so no call is sent',
          { remedy: 'Find the organization by its name first and use the id that Otterize gave it.' },
        ),
      );
    }
    this.#http = http;
    this.id = id;
  }

  /** Invites, optionally of one e-mail address or in one state. */
  async listInvites(
    filter: { readonly email?: string; readonly status?: OtterizeInviteStatus } = {},
    signal?: AbortSignal,
  ): Promise<readonly OtterizeInvite[]> {
    const found = await this.#send(Type.Array(Invite), {
      method: 'GET',
      path: 'invites',
      query: { email: filter.email, status: filter.status },
      operation: 'list invites',
      object: this.id,
      signal,
    });
    return found.map(toInvite);
  }

  /** Invites one address. The role is always said: without it the organisation's default would decide. */
  async createInvite(email: string, role: OtterizeRole, signal?: AbortSignal): Promise<OtterizeInvite> {
    const made = await this.#send(Invite, {
      method: 'POST',
      path: 'invites',
      body: { email, organizationMembership: { role } },
      operation: 'create invite',
      object: this.id,
      signal,
    });
    return toInvite(made);
  }

  /** People who are members already. */
  async listUsers(signal?: AbortSignal): Promise<readonly OtterizeUser[]> {
    const found = await this.#send(Type.Array(User), {
      method: 'GET',
      path: 'users',
      operation: 'list users',
      object: this.id,
      signal,
    });
    return found.map(({ id, email, name }) => ({ id, email, name }));
  }

  /**
   * The environment of exactly this name, or null.
   * @throws SystemError kind `conflict` when there are several
   */
  async environmentByName(name: string, signal?: AbortSignal): Promise<OtterizeEnvironment | null> {
    const operation = 'list environments';
    const found = await this.#send(Type.Array(Environment), {
      method: 'GET',
      path: 'environments',
      query: { name: this.#named(operation, name) },
      operation,
      object: name,
      signal,
    });
    const one = this.#theOne(operation, name, found);
    return one === null ? null : toEnvironment(one);
  }

  /** Creates an environment with its labels in one call. */
  async createEnvironment(
    name: string,
    labels: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<OtterizeEnvironment> {
    const operation = 'create environment';
    const made = await this.#send(Environment, {
      method: 'POST',
      path: 'environments',
      body: { name: this.#named(operation, name), labels: toLabels(labels) },
      operation,
      object: name,
      signal,
    });
    return toEnvironment(made);
  }

  /** Replaces the whole list of labels. */
  async setEnvironmentLabels(
    id: string,
    labels: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<OtterizeEnvironment> {
    const changed = await this.#send(Environment, {
      method: 'PATCH',
      path: ['environments', id],
      body: { labels: toLabels(labels) },
      operation: 'patch environment',
      object: id,
      signal,
    });
    return toEnvironment(changed);
  }

  /**
   * The Kubernetes integration of exactly this name without its credentials, or null.
   * @throws SystemError kind `conflict` when there are several
   */
  async kubernetesIntegrationByName(name: string, signal?: AbortSignal): Promise<OtterizeIntegration | null> {
    const operation = 'list integrations';
    const found = await this.#send(Type.Array(Integration), {
      method: 'GET',
      path: 'integrations',
      query: { name: this.#named(operation, name), integrationType: 'KUBERNETES' },
      operation,
      object: name,
      signal,
    });
    const kubernetes = found.filter((integration) => integration.type === 'KUBERNETES');
    const one = this.#theOne(operation, name, kubernetes);
    return one === null ? null : toIntegration(one);
  }

  /**
   * Creates a Kubernetes integration, and with it the vendor's cluster object.
   * @returns the credentials apart from the integration; null when the answer lacks them, then read or create again
   */
  async createKubernetesIntegration(
    name: string,
    environmentId: string,
    signal?: AbortSignal,
  ): Promise<{
    readonly integration: OtterizeIntegration;
    readonly credentials: OtterizeCredentials | null;
  }> {
    const operation = 'create Kubernetes integration';
    const made = await this.#send(Integration, {
      method: 'POST',
      path: 'integrations/kubernetes',
      body: { name: this.#named(operation, name), environmentId },
      operation,
      object: name,
      signal,
    });
    return { integration: toIntegration(made), credentials: toCredentials(made) };
  }

  /** The credentials of an integration, or null when the vendor shows the secret only once. */
  async readIntegrationCredentials(id: string, signal?: AbortSignal): Promise<OtterizeCredentials | null> {
    return toCredentials(await this.#integration('get integration credentials', id, signal));
  }

  /** Deletes an integration; `absent` when it was gone already. */
  async deleteIntegration(id: string, signal?: AbortSignal): Promise<'deleted' | 'absent'> {
    try {
      await this.#send(Type.Unknown(), {
        method: 'DELETE',
        path: ['integrations', id],
        operation: 'delete integration',
        object: id,
        signal,
      });
      return 'deleted';
    } catch (error) {
      if (error instanceof SystemError && error.trouble.kind === 'not-found') return 'absent';
      throw error;
    }
  }

  /** What the vendor itself has heard of each component of a cluster; empty when it reports none. */
  async componentStatus(
    integrationId: string,
    signal?: AbortSignal,
  ): Promise<readonly OtterizeComponentStatus[]> {
    const { components } = await this.#integration('get integration', integrationId, signal);
    if (components === undefined) return [];
    return COMPONENTS.map((component) => {
      const { type, lastSeen } = components[component].status;
      return { component, status: type, ...(lastSeen === undefined ? {} : { lastSeen }) };
    });
  }

  async #integration(
    operation: string,
    id: string,
    signal: AbortSignal | undefined,
  ): Promise<Type.Static<typeof Integration>> {
    const path = ['integrations', id];
    return await this.#send(Integration, { method: 'GET', path, operation, object: id, signal });
  }

  async #send<S extends TSchema>(schema: S, call: OrganizationCall): Promise<Type.Static<S>> {
    const answer = await this.#http.send({ ...call, headers: { 'X-Otterize-Organization': this.id } });
    return shapeOf(schema, answer.body, { system: 'otterize', ...call });
  }

  #named(operation: string, name: string): string {
    if (new RegExp(NAME_PATTERN).test(name)) return name;
    throw new SystemError(
      troubleOf(
        { system: 'otterize', operation, object: name },
        'invalid',
        'Otterize does not take this name, so no call is sent',
        {
          remedy:
            'Use 2 to 63 letters, digits, spaces, hyphens or underscores that start with a letter and end in a letter or digit.',
        },
      ),
    );
  }

  /** The vendor does not say whether its name filter is exact, so the names are compared here. */
  #theOne<T extends { readonly name: string; readonly id: string }>(
    operation: string,
    name: string,
    found: readonly T[],
  ): T | null {
    const [first, ...others] = found.filter((candidate) => candidate.name === name);
    if (first === undefined) return null;
    if (others.length === 0) return first;
    const ids = [first, ...others].map((candidate) => candidate.id).join(', ');
    throw new SystemError(
      troubleOf(
        { system: 'otterize', operation, object: name },
        'conflict',
        `several have this name: ${ids}`,
        {
          remedy: 'Delete or rename all but one of them at Otterize, then retry.',
        },
      ),
    );
  }
}

function toInvite(found: Type.Static<typeof Invite>): OtterizeInvite {
  return {
    id: found.id,
    email: found.email,
    status: found.status,
    role: found.organizationMembership.role,
  };
}

function toLabels(labels: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value }));
}

function toEnvironment(found: Type.Static<typeof Environment>): OtterizeEnvironment {
  const labels = Object.fromEntries((found.labels ?? []).map(({ key, value }) => [key, value ?? '']));
  return { id: found.id, name: found.name, labels };
}

function toIntegration(found: Type.Static<typeof Integration>): OtterizeIntegration {
  const environmentId = found.defaultEnvironment?.id;
  return { id: found.id, name: found.name, ...(environmentId === undefined ? {} : { environmentId }) };
}

function toCredentials(found: Type.Static<typeof Integration>): OtterizeCredentials | null {
  const { clientId, clientSecret } = found.credentials ?? {};
  if (!clientId || !clientSecret) return null;
  return { clientId, clientSecret: new Secret(clientSecret) };
}
