import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { shapeOf } from '../http/shape.js';
import { troubleOf } from '../http/trouble.js';
import { Secret } from '../secret.js';
import type { VaultTransport } from './transport.js';

/**
 * How a token is had. What is given as a function is asked anew at each login, because the files behind it are replaced
 * while the worker runs.
 */
export type VaultLogin =
  | { readonly kind: 'token'; readonly token: () => Promise<Secret> }
  | {
      readonly kind: 'kubernetes';
      /** path of the auth method; default `kubernetes` */
      readonly mount?: string;
      readonly role: string;
      /** the pod's service account token */
      readonly jwt: () => Promise<Secret>;
    }
  | {
      readonly kind: 'approle';
      /** path of the auth method; default `approle` */
      readonly mount?: string;
      readonly roleId: string;
      readonly secretId: () => Promise<Secret>;
    };

/** Part of a lease after which a token is no longer used for new calls. */
const USE_UP_TO = 0.8;

const LoginAnswer = Type.Object({
  auth: Type.Object({
    client_token: Type.String({ minLength: 1 }),
    /** seconds; 0: does not end */
    lease_duration: Type.Number({ minimum: 0 }),
  }),
});

/** Keeps the token of one identity. Callers at the same time share one login. */
export class VaultSession {
  readonly #login: VaultLogin;
  readonly #transport: VaultTransport;
  readonly #now: () => number;
  #kept: { readonly token: Secret; readonly untilMs: number } | undefined;
  #pending: Promise<Secret> | undefined;

  /** @param now milliseconds since 1970 */
  constructor(login: VaultLogin, transport: VaultTransport, now: () => number = Date.now) {
    this.#login = login;
    this.#transport = transport;
    this.#now = now;
  }

  /** The token to use. @throws SystemError kind `unauthenticated` when the login is refused */
  async token(): Promise<Secret> {
    if (this.#kept !== undefined && this.#kept.untilMs > this.#now()) return this.#kept.token;
    this.#pending ??= this.#obtain().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Another token after `refused` was refused; null when there is none but the same. */
  async replace(refused: Secret): Promise<Secret | null> {
    if (this.#kept?.token.equals(refused)) this.#kept = undefined;
    const token = await this.token();
    return token.equals(refused) ? null : token;
  }

  async #obtain(): Promise<Secret> {
    if (this.#login.kind === 'token') return this.#login.token();
    const { path, body, secret, object } = await loginCall(this.#login);
    const subject = { system: 'vault', operation: 'log in', object } as const;
    const answer = await this.#transport
      .write({ path, data: body, withhold: [secret], ...subject })
      .catch((error: unknown) => {
        throw error instanceof SystemError ? refusedLogin(error) : error;
      });
    const { client_token, lease_duration } = shapeOf(LoginAnswer, answer, subject).auth;
    const token = new Secret(client_token);
    const leaseMs = lease_duration === 0 ? Number.POSITIVE_INFINITY : lease_duration * 1000 * USE_UP_TO;
    this.#kept = { token, untilMs: this.#now() + leaseMs };
    return token;
  }
}

async function loginCall(login: Exclude<VaultLogin, { kind: 'token' }>): Promise<{
  path: readonly string[];
  body: Readonly<Record<string, string>>;
  secret: Secret;
  object: string;
}> {
  const mount = login.mount ?? login.kind;
  const path = ['auth', ...mount.split('/'), 'login'];
  if (login.kind === 'kubernetes') {
    const jwt = await login.jwt();
    return { path, body: { role: login.role, jwt: jwt.reveal() }, secret: jwt, object: `role ${login.role}` };
  }
  const secretId = await login.secretId();
  const body = { role_id: login.roleId, secret_id: secretId.reveal() };
  return { path, body, secret: secretId, object: `auth method ${mount}` };
}

/** A login is refused with 400 (AppRole) or 403 (Kubernetes): both mean the credential. */
function refusedLogin(error: SystemError): SystemError {
  const { kind, status, message, operation, object } = error.trouble;
  if (kind !== 'invalid' && kind !== 'forbidden') return error;
  return new SystemError(
    troubleOf({ system: 'vault', operation, object }, 'unauthenticated', message, {
      status,
      remedy: 'Check role, bound service account and login credential of the worker at Vault, then retry.',
    }),
  );
}
