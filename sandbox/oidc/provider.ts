import type Provider from 'oidc-provider';
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { World } from '../world.js';
import { claimsOf, type OidcAccount } from './accounts.js';
import { sessionMemory } from './session-memory.js';
import type { OidcSettings, OidcState } from './state.js';

/** Audience of access tokens: Gatehouse's API. */
export const AUDIENCE = 'gatehouse';
/** The same as a resource indicator, which must be a URI (RFC 8707). */
export const RESOURCE = 'urn:gatehouse';
const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access'];
const API_SCOPE = 'openid profile email groups api';
const CLAIMS = ['sub', 'oid', 'person_id', 'groups', 'name', 'email'];
/** Paths to which a browser comes back; on loopback any port is good (RFC 8252, section 7.3). */
const CALLBACKS = ['/auth/callback', '/callback', '/', '/auth/sso/callback'];
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SESSION_SECONDS = 8 * 3600;

function clientsOf(world: World): ClientMetadata[] {
  return world.oidc.clients.map(({ clientId, clientSecret, forPeople }): ClientMetadata => {
    if (clientSecret !== undefined && forPeople !== true) {
      return {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      };
    }
    return {
      client_id: clientId,
      application_type: 'native',
      ...(clientSecret === undefined
        ? { token_endpoint_auth_method: 'none' }
        : { client_secret: clientSecret }),
      grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
      response_types: ['code'],
      require_auth_time: true,
      redirect_uris: CALLBACKS.flatMap((path) =>
        ['127.0.0.1', 'localhost'].map((host) => `http://${host}${path}`),
      ),
    };
  });
}

/** When the account that a token is for last signed in, in seconds. */
function authTimeOf(ctx: KoaContextWithOIDC): number | undefined {
  const { AuthorizationCode, DeviceCode, RefreshToken } = ctx.oidc.entities;
  return AuthorizationCode?.authTime ?? DeviceCode?.authTime ?? RefreshToken?.authTime;
}

/** A certified OIDC provider (oidc-provider) with the people of the example world; consent is given for them. */
export async function createProvider(input: {
  readonly issuer: string;
  readonly world: World;
  readonly accounts: readonly OidcAccount[];
  readonly state: OidcState;
  readonly settings: () => OidcSettings;
}): Promise<Provider> {
  // loaded when needed: it is large, and says on standard error that it wants a newer Node
  const { default: OidcProvider, interactionPolicy } = await import('oidc-provider');
  const accountOf = (id: string | undefined): OidcAccount | undefined =>
    input.accounts.find((account) => account.id === id);
  // native clients would ask for consent each time; the example company has given it for all
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const configuration: Configuration = {
    adapter: sessionMemory(),
    clients: clientsOf(input.world),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [input.state.key] },
    cookies: { keys: [input.state.cookieSecret] },
    scopes: SCOPES,
    // the Temporal UI sends no challenge: it proves by its secret that the code was meant for it
    pkce: { required: (_ctx, client) => client.tokenEndpointAuthMethod === 'none' },
    claims: { openid: CLAIMS, profile: ['name'], email: ['email'], groups: ['groups'] },
    conformIdTokenClaims: false,
    ttl: {
      Session: SESSION_SECONDS,
      Grant: SESSION_SECONDS,
      Interaction: 3600,
      IdToken: 3600,
      AccessToken: 3600,
      ClientCredentials: 3600,
      RefreshToken: SESSION_SECONDS,
    },
    renderError: (ctx, out) => {
      ctx.type = 'text/plain';
      ctx.body = `The sign-in cannot go on: ${out.error_description ?? out.error}. Go back and start again.`;
    },
    findAccount: (_ctx, id) => {
      const account = accountOf(id);
      return account && { accountId: id, claims: () => ({ sub: id, ...claimsOf(account) }) };
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: API_SCOPE,
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: input.settings().tokenSeconds,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    extraTokenClaims: (ctx, token) => {
      const account = 'accountId' in token ? accountOf(token.accountId) : undefined;
      if (account === undefined) return undefined;
      const authTime = authTimeOf(ctx);
      return { ...claimsOf(account), ...(authTime === undefined ? {} : { auth_time: authTime }) };
    },
    // consent is given for all, so no prompt for it is asked, without which the library drops `offline_access`
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    interactions: { policy, url: (_ctx, interaction) => `/login/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(SCOPES.join(' '));
      grant.addResourceScope(RESOURCE, API_SCOPE);
      await grant.save();
      return grant;
    },
  };
  const provider = new OidcProvider(input.issuer, configuration);
  const { prototype } = provider.Client;
  const allowed = prototype.redirectUriAllowed;
  prototype.redirectUriAllowed = function redirectUriAllowed(uri: string): boolean {
    return input.settings().redirectUris.includes(uri) || allowed.call(this, uri);
  };
  return provider;
}
