import Type from 'typebox';
import { SystemError, type SystemName } from '../../domain/failure.js';
import { Secret } from '../secret.js';
import { textOf } from './field.js';
import { JsonRequester } from './json-requester.js';
import { shapeOf } from './shape.js';
import { troubleOf } from './trouble.js';

/** A token is replaced this long before it ends, so that it does not end on its way. */
const RENEW_BEFORE_MS = 60_000;

const TokenAnswer = Type.Object({
  access_token: Type.String({ minLength: 1 }),
  expires_in: Type.Optional(Type.Number({ minimum: 0 })),
});

export interface ClientCredentialsOptions {
  /** the system that the token is for, named in errors */
  readonly system: SystemName;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope?: string;
  readonly timeoutMs?: number;
  /** milliseconds since 1970; tests give their own */
  readonly now?: () => number;
}

export interface AccessToken {
  readonly token: Secret;
  /** milliseconds since 1970 */
  readonly expiresAtMs: number;
}

/**
 * Access tokens by OAuth 2.0 client credentials with id and secret in the form body (RFC 6749, sections 2.3.1 and 4.4).
 * A token is kept until a minute before its end; callers at the same time share one call.
 */
export class ClientCredentials {
  readonly #options: ClientCredentialsOptions;
  readonly #http: JsonRequester;
  readonly #path: string;
  #kept: AccessToken | undefined;
  #pending: Promise<AccessToken> | undefined;

  constructor(options: ClientCredentialsOptions) {
    const url = new URL(options.tokenUrl);
    this.#options = options;
    this.#path = url.pathname;
    this.#http = new JsonRequester({
      system: options.system,
      baseUrl: url.origin,
      timeoutMs: options.timeoutMs,
      readError: readTokenError,
    });
  }

  /**
   * A token that is good for at least a minute.
   * @throws SystemError kind `unauthenticated` when the id or secret is refused
   */
  async token(): Promise<AccessToken> {
    if (this.#kept !== undefined && this.#kept.expiresAtMs - RENEW_BEFORE_MS > this.#now()) return this.#kept;
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetch(): Promise<AccessToken> {
    const { clientId, clientSecret, scope, system } = this.#options;
    const subject = { system, operation: 'get access token', object: clientId };
    const answer = await this.#http
      .send({
        ...subject,
        method: 'POST',
        path: this.#path,
        form: {
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret.reveal(),
          ...(scope === undefined ? {} : { scope }),
        },
        withhold: [clientSecret],
      })
      .catch((error: unknown) => {
        // A token endpoint says 400 invalid_client or unauthorized_client where others say 401.
        if (
          error instanceof SystemError &&
          /^(invalid|unauthorized)_client$/.test(error.trouble.code ?? '')
        ) {
          const { status, code } = error.trouble;
          throw new SystemError(
            troubleOf(subject, 'unauthenticated', error.trouble.message, { status, code }),
          );
        }
        throw error;
      });
    const { access_token, expires_in } = shapeOf(TokenAnswer, answer.body, subject);
    // RFC 6749 leaves expires_in to the server; without it the token is used once.
    this.#kept = {
      token: new Secret(access_token),
      expiresAtMs: this.#now() + (expires_in ?? 0) * 1000,
    };
    return this.#kept;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function readTokenError(body: unknown): { code: string | undefined; message: string | undefined } {
  const code = textOf(body, 'error');
  return { code, message: textOf(body, 'error_description') ?? code };
}
