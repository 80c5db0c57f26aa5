import nodeVault from 'node-vault';
import { JsonRequester } from '../http/json-requester.js';
import { encodePathPart } from '../http/path.js';
import type { TokenBucket } from '../http/token-bucket.js';
import type { CallSubject } from '../http/trouble.js';
import type { Secret } from '../secret.js';
import { readError } from './errors.js';

export interface VaultTransportOptions {
  /** address of the server, without `/v1` */
  readonly url: string;
  readonly namespace?: string;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

export interface VaultCall extends CallSubject {
  /** parts below `/v1`, still to be encoded */
  readonly path: readonly string[];
  /** none for a login */
  readonly token?: Secret;
  /** secrets in the data, blotted out if the server echoes them in an error */
  readonly withhold?: readonly Secret[];
  readonly signal?: AbortSignal | undefined;
}

/** What node-vault hands to the function that it sends requests with; `call` is ours, passed through. */
interface NodeVaultRequest {
  readonly method: 'GET' | 'POST';
  readonly uri: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly call: VaultCall;
}

/**
 * HashiCorp Vault or OpenBao through node-vault, of which only the generic `read` and `write` are used: its named
 * commands mangle paths, so `p=1&x` writes to `p&` (reference: saas-apis, section 1.5). Paths are encoded here. node-vault
 * sends through `JsonRequester` instead of its own client, which has no time-out, follows redirects, loses `Retry-After`
 * and puts the token into its errors. Its debug output, which prints secret values, is cut off, and the variables
 * `VAULT_TOKEN`, `VAULT_NAMESPACE` and `VAULT_PREFIX` have no say.
 */
export class VaultTransport {
  readonly #client: nodeVault.client;

  constructor(options: VaultTransportOptions) {
    const http = new JsonRequester({
      system: 'vault',
      baseUrl: options.url,
      timeoutMs: options.timeoutMs,
      bucket: options.bucket,
      readError,
    });
    this.#client = nodeVault({
      endpoint: http.baseUrl,
      debug: () => undefined,
      'request-promise': { defaults: () => (request: NodeVaultRequest) => send(http, request) },
    });
    Object.assign(this.#client, { token: '', namespace: options.namespace ?? '', pathPrefix: '' });
  }

  /** GET. The answer's body; its shape is for the caller to check. @throws SystemError */
  async read(call: VaultCall): Promise<unknown> {
    const answer: unknown = await this.#client.read(encoded(call), requestOptions(call));
    return answer;
  }

  /** POST. The answer's body, undefined for 204. @throws SystemError */
  async write(call: VaultCall & { readonly data: unknown }): Promise<unknown> {
    const answer: unknown = await this.#client.write(encoded(call), call.data, requestOptions(call));
    return answer;
  }
}

async function send(
  http: JsonRequester,
  { method, uri, headers, json, call }: NodeVaultRequest,
): Promise<{ statusCode: number; body: unknown; request: { path: string } }> {
  const answer = await http.send({
    operation: call.operation,
    object: call.object,
    method,
    path: uri,
    ...(headers === undefined ? {} : { headers }),
    ...(json === undefined ? {} : { body: json }),
    withhold: [...(call.token === undefined ? [] : [call.token]), ...(call.withhold ?? [])],
    signal: call.signal,
  });
  // Any 2xx is success; node-vault knows 200 and 204 only.
  return { statusCode: answer.body === undefined ? 204 : 200, body: answer.body, request: { path: uri } };
}

function encoded(call: VaultCall): string {
  return call.path.map((part) => encodePathPart(part, call)).join('/');
}

function requestOptions(call: VaultCall): Record<string, unknown> {
  return { call, headers: call.token === undefined ? {} : { 'X-Vault-Token': call.token.reveal() } };
}
