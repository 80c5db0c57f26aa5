/** From entries of the installation to what clients take: logins and rates. */
import { type Installation, readSecret } from '../config/installation.js';
import { type AzureCredential, azureCredential } from './azure/credential.js';
import { TokenBucket } from './http/token-bucket.js';
import { Secret } from './secret.js';

type AzureLogin = Installation['systems']['directory']['login'];

/** @throws InstallationError when the secret file cannot be read */
export function credentialOf(login: AzureLogin): AzureCredential {
  switch (login.kind) {
    case 'client-secret':
    case 'token-endpoint': {
      const { clientSecretFile, ...rest } = login;
      return azureCredential({ ...rest, clientSecret: new Secret(readSecret(clientSecretFile)) });
    }
    default:
      return azureCredential(login);
  }
}

/** A token from a file, read each time it is needed, so that a new one counts at once. */
export function tokenIn(file: string): () => Promise<Secret> {
  return async () => new Secret(readSecret(file));
}

/** The bucket of one credential; none when no rate is configured. */
export function bucketOf(callsPerSecond: number | undefined): { readonly bucket?: TokenBucket } {
  return callsPerSecond === undefined
    ? {}
    : {
        bucket: new TokenBucket({ perSecond: callsPerSecond, burst: Math.max(1, Math.ceil(callsPerSecond)) }),
      };
}
