import {
  AzureCliCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import { ClientCredentials } from '../http/client-credentials.js';
import type { Secret } from '../secret.js';

/** The scope of Microsoft Graph's tokens. */
export const GRAPH_SCOPE = 'https://graph.microsoft.com/.default';

/**
 * What Azure's libraries want of a credential: the part of `TokenCredential` that Gatehouse uses. Every credential of
 * `@azure/identity` has it.
 */
export interface AzureCredential {
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Which credential to use. Never a chain that tries one after another: it is slow to fail and hides which one answered. */
export type AzureCredentialChoice =
  | { readonly kind: 'workload-identity'; readonly tenantId?: string; readonly clientId?: string }
  | { readonly kind: 'managed-identity'; readonly clientId?: string }
  | { readonly kind: 'azure-cli' }
  | {
      readonly kind: 'client-secret';
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
    }
  /** a token endpoint that is not Microsoft's: the sandbox */
  | {
      readonly kind: 'token-endpoint';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
    };

/**
 * Makes a credential. Make one per process and hand it to every client: it keeps its tokens, and many credentials at once
 * fail under load (reference: saas-apis, section 10). The libraries' own retries are off.
 */
export function azureCredential(choice: AzureCredentialChoice): AzureCredential {
  const retryOptions = { maxRetries: 0 };
  switch (choice.kind) {
    case 'workload-identity':
      return new WorkloadIdentityCredential({
        retryOptions,
        ...(choice.tenantId === undefined ? {} : { tenantId: choice.tenantId }),
        ...(choice.clientId === undefined ? {} : { clientId: choice.clientId }),
      });
    case 'managed-identity':
      return choice.clientId === undefined
        ? new ManagedIdentityCredential({ retryOptions })
        : new ManagedIdentityCredential({ retryOptions, clientId: choice.clientId });
    case 'azure-cli':
      return new AzureCliCredential();
    case 'client-secret':
      return new ClientSecretCredential(choice.tenantId, choice.clientId, choice.clientSecret.reveal(), {
        retryOptions,
      });
    case 'token-endpoint':
      return tokenEndpointCredential(choice);
  }
}

/** A token provider for one scope, as `DirectoryClient` wants it. Rejects when the credential yields no token. */
export function tokenFor(credential: AzureCredential, scope: string): () => Promise<string> {
  return async () => {
    const token = await credential.getToken(scope);
    if (token === null) throw new Error('The credential gave no token.');
    return token.token;
  };
}

function tokenEndpointCredential(
  choice: Extract<AzureCredentialChoice, { kind: 'token-endpoint' }>,
): AzureCredential {
  const byScope = new Map<string, ClientCredentials>();
  return {
    async getToken(scopes) {
      const scope = Array.isArray(scopes) ? scopes.join(' ') : scopes;
      const source =
        byScope.get(scope) ?? new ClientCredentials({ ...choice, system: systemOf(scope), scope });
      byScope.set(scope, source);
      const { token, expiresAtMs } = await source.token();
      return { token: token.reveal(), expiresOnTimestamp: expiresAtMs };
    },
  };
}

function systemOf(scope: string): 'directory' | 'key-vault' {
  return scope === GRAPH_SCOPE ? 'directory' : 'key-vault';
}
