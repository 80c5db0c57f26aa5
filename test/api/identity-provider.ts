/** A small OIDC provider: real keys, real tokens, code flow with PKCE. The test plays the browser. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { listening } from './listening.js';

export interface TokenClaims {
  readonly sub?: string;
  readonly oid?: string;
  readonly person_id?: string;
  readonly groups?: readonly string[];
  readonly name?: string;
  readonly auth_time?: number;
  readonly client_id?: string;
}

/** What is wrong with an ID token. */
export interface Lies {
  readonly nonce?: string;
  readonly subject?: string;
  readonly clientId?: string;
  /** signed with another key */
  readonly forged?: boolean;
}

interface PendingCode {
  readonly claims: TokenClaims;
  /** subject of the ID token */
  readonly subject: string;
  readonly nonce: string | undefined;
  readonly clientId: string;
  readonly forged: boolean;
  readonly challenge: string;
}

export const AUDIENCE = 'gatehouse';
export const PAGE_CLIENT = 'gatehouse-page';

export class IdentityProvider {
  readonly issuer: string;
  private readonly close: () => Promise<void>;
  private readonly sign: (payload: object, audience: string, issuer: string) => Promise<string>;
  private readonly codes: Map<string, PendingCode>;

  private constructor(
    issuer: string,
    close: () => Promise<void>,
    sign: IdentityProvider['sign'],
    codes: Map<string, PendingCode>,
  ) {
    this.issuer = issuer;
    this.close = close;
    this.sign = sign;
    this.codes = codes;
  }

  static async start(): Promise<IdentityProvider> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'idp-1', alg: 'ES256', use: 'sig' };
    const codes = new Map<string, PendingCode>();
    const signer =
      (key: CryptoKey): IdentityProvider['sign'] =>
      (payload, audience, issuer) =>
        new SignJWT({ ...payload })
          .setProtectedHeader({ alg: 'ES256', kid: 'idp-1', typ: 'at+jwt' })
          .setIssuer(issuer)
          .setAudience(audience)
          .setIssuedAt()
          .setExpirationTime('10m')
          .sign(key);
    const sign = signer(privateKey);
    const forge = signer((await generateKeyPair('ES256')).privateKey);
    let issuer = '';
    const server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '/', issuer);
      const json = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (url.pathname === '/.well-known/openid-configuration') {
        json(200, {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          id_token_signing_alg_values_supported: ['ES256'],
        });
      } else if (url.pathname === '/keys') json(200, { keys: [jwk] });
      else if (url.pathname === '/token') {
        const form = new URLSearchParams(await bodyOf(request));
        const pending = codes.get(form.get('code') ?? '');
        codes.delete(form.get('code') ?? '');
        const challenge = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url');
        if (pending === undefined || pending.challenge !== challenge) {
          json(400, { error: 'invalid_grant' });
          return;
        }
        json(200, {
          token_type: 'Bearer',
          access_token: await sign(pending.claims, AUDIENCE, issuer),
          id_token: await (pending.forged ? forge : sign)(
            { sub: pending.subject, ...(pending.nonce === undefined ? {} : { nonce: pending.nonce }) },
            pending.clientId,
            issuer,
          ),
        });
      } else json(404, {});
    });
    const { url, close } = await listening(server);
    issuer = url;
    return new IdentityProvider(issuer, close, sign, codes);
  }

  /** An access token for the API. */
  token(claims: TokenClaims, audience: string = AUDIENCE): Promise<string> {
    return this.sign(claims, audience, this.issuer);
  }

  /** What the provider does when a person has signed in: gives a code for the address that the API asked for. @param lies of the ID token */
  signedIn(
    authorizeUrl: string,
    claims: TokenClaims,
    lies: Lies = {},
  ): { readonly code: string; readonly state: string } {
    const { searchParams } = new URL(authorizeUrl);
    const code = randomUUID();
    this.codes.set(code, {
      claims,
      subject: lies.subject ?? claims.sub ?? '',
      nonce: lies.nonce ?? searchParams.get('nonce') ?? undefined,
      clientId: lies.clientId ?? searchParams.get('client_id') ?? '',
      forged: lies.forged === true,
      challenge: searchParams.get('code_challenge') ?? '',
    });
    return { code, state: searchParams.get('state') ?? '' };
  }

  stop(): Promise<void> {
    return this.close();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
