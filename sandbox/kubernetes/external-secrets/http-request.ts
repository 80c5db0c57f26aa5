import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Hosts below `localhost` are this machine, whatever the resolver says (RFC 6761, section 6.3). */
const lookup: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** One request; JSON or a form goes in, JSON comes out (null for anything else). Throws when there is no answer. */
export function httpRequest(
  address: string,
  options: {
    readonly method?: 'GET' | 'POST' | 'PUT';
    readonly headers?: Readonly<Record<string, string>>;
    readonly form?: Readonly<Record<string, string>>;
    readonly json?: unknown;
    readonly ca?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<HttpAnswer> {
  const url = new URL(address);
  const payload =
    options.form !== undefined
      ? new URLSearchParams(options.form).toString()
      : options.json === undefined
        ? ''
        : JSON.stringify(options.json);
  const type = options.form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
  const send = url.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: options.method ?? 'GET',
        headers: {
          ...(payload === '' ? {} : { 'content-type': type }),
          'content-length': Buffer.byteLength(payload),
          ...options.headers,
        },
        timeout: options.timeoutMs ?? 5_000,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(url.hostname.endsWith('.localhost') ? { lookup } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          let body: unknown = null;
          try {
            body = JSON.parse(Buffer.concat(chunks).toString());
          } catch {
            // an answer that is not JSON says no more than its status
          }
          resolve({ status: response.statusCode ?? 0, body });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url.host}`)));
    request.on('error', reject);
    request.end(payload);
  });
}
