import Type from 'typebox';
import type { Answer } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { newId, newSecret } from './identifiers.js';
import type { Otterize } from './otterize.js';
import type { Integration, User } from './state.js';

const TokenRequest = Type.Record(Type.String(), Type.String());
const AgentReport = Type.Object(
  { clientId: Type.String(), clientSecret: Type.Optional(Type.String()) },
  { additionalProperties: false },
);
const PersonRequest = Type.Object(
  { email: Type.String(), name: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

/**
 * What the vendor's software in a cluster does: it logs in with the credentials of its integration and reports. Besides
 * the vendor's token endpoint there are control routes:
 * - `POST /_sandbox/agent-connected {clientId, clientSecret?}`: the components run, as after a login
 * - `POST /_sandbox/agent-disconnected {clientId}`: they fall silent
 * - `POST /_sandbox/person {email, name?}` → `{token}`: a new token for a person, who is made when unknown; the old one
 *   is no good any more
 */
export function addComponentRoutes(otterize: Otterize, base: string): void {
  const { standIn, state } = otterize;

  standIn.operation({
    id: 'component token',
    method: 'POST',
    path: `${base}/auth/tokens/token`,
    open: true,
    // the spec names this address as tokenUrl and does not describe it; the answer is that of OAuth 2.0 (RFC 6749)
    unchecked: true,
    handle: (call): Answer => {
      const form = call.body(TokenRequest);
      if (form.grant_type !== 'client_credentials') {
        return { status: 400, body: { error: 'unsupported_grant_type' } };
      }
      const integration = state.integrations.find((candidate) => candidate.clientId === form.client_id);
      if (!integration || integration.clientSecret !== form.client_secret) {
        return { status: 401, body: { error: 'invalid_client' } };
      }
      const seconds = otterize.settings.componentTokenSeconds;
      const token = newSecret();
      call.change('changed', `components of integration ${integration.name}`, () => {
        const expires = Date.now() + seconds * 1000;
        state.componentTokens.push({ token, integrationId: integration.id, expires });
        otterize.connect(integration);
      });
      return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: seconds } };
    },
  });

  const integrationOf = (clientId: string): Integration => {
    const integration = state.integrations.find((candidate) => candidate.clientId === clientId);
    if (!integration) throw new Refusal(404, `no integration has the client id ${clientId}`);
    return integration;
  };

  standIn.control('POST', '/agent-connected', AgentReport, async ({ clientId, clientSecret }) => {
    const integration = integrationOf(clientId);
    if (clientSecret !== undefined && clientSecret !== integration.clientSecret) {
      throw new Refusal(401, `wrong secret for client id ${clientId}`);
    }
    await standIn.act('changed', `components of integration ${integration.name}`, () =>
      otterize.connect(integration),
    );
  });
  standIn.control('POST', '/agent-disconnected', AgentReport, async ({ clientId }) => {
    const integration = integrationOf(clientId);
    await standIn.act('changed', `components of integration ${integration.name}`, () => {
      integration.silentFrom = Date.now();
    });
  });
  standIn.control('POST', '/person', PersonRequest, async ({ email, name }) => {
    const known = state.users.find((candidate) => candidate.email === email);
    const user: User = known ?? { id: newId('usr'), name: name ?? email, email, token: '' };
    await standIn.act(known ? 'changed' : 'created', `user ${email}`, () => {
      user.token = newSecret();
      if (!known) state.users.push(user);
    });
    return { token: user.token };
  });
}
