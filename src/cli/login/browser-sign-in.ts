/** Code flow with PKCE, back to this machine (source: RFC 8252, native apps; RFC 7636, PKCE; RFC 9207, issuer of the answer). */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { CliError } from '../cli-error.js';
import { type Client, refusal, resourceOf } from './provider.js';
import { scopeAt, type Tokens, tokensOf } from './tokens.js';

export interface Attempt {
  /** where the person signs in */
  readonly address: string;
  /** @param answer query that the browser came back with. @throws CliError when it is not to this attempt, or refused */
  readonly finish: (answer: URLSearchParams) => Promise<Tokens>;
}

export async function beginInBrowser(
  config: Configuration,
  client: Client,
  scope: string,
  redirectUri: string,
): Promise<Attempt> {
  const [state, verifier] = [randomState(), randomPKCECodeVerifier()];
  const address = buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: scopeAt(config, scope),
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...resourceOf(client),
  });
  return {
    address: address.href,
    finish: async (answer) => {
      refuseOther(answer, config, state);
      const back = new URL(redirectUri);
      back.search = answer.toString();
      try {
        return tokensOf(
          await authorizationCodeGrant(
            config,
            back,
            { expectedState: state, pkceCodeVerifier: verifier },
            resourceOf(client),
          ),
        );
      } catch (error) {
        throw refusal(error, 'the code');
      }
    },
  };
}

/** The library refuses them too, in words for programmers. */
function refuseOther(answer: URLSearchParams, config: Configuration, state: string): void {
  if (answer.get('state') !== state) {
    throw new CliError('The answer is not to this sign-in.', 'Run gatehouse login again.');
  }
  const { issuer } = config.serverMetadata();
  if ((answer.get('iss') ?? issuer) !== issuer) {
    throw new CliError('The answer comes from another provider.', 'Run gatehouse login again.');
  }
}
