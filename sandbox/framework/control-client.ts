import http from 'node:http';
import https from 'node:https';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { SandboxEvent } from './event-log.js';
import type { Fault } from './faults.js';
import type { LatencyProfile } from './latency.js';

const Held = Type.Object({
  id: Type.String(),
  requestIndex: Type.Integer(),
  method: Type.String(),
  path: Type.String(),
  operation: Type.String(),
  when: Type.Union([Type.Literal('before'), Type.Literal('after')]),
  since: Type.String(),
});
const Violation = Type.Object({
  operation: Type.String(),
  part: Type.String(),
  status: Type.Optional(Type.Integer()),
  problems: Type.Array(Type.String()),
});

/** A control route of a stand-in refused a call. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** Tests' and demo's side of the control routes of one stand-in. */
export class ControlClient {
  readonly #origin: string;
  readonly #ca: string | undefined;

  /**
   * @param origin e.g. `http://127.0.0.1:4010`, from the port file
   * @param ca PEM of the CA, for stand-ins that speak TLS
   */
  constructor(origin: string, ca?: string) {
    this.#origin = origin;
    this.#ca = ca;
  }

  async events(after = 0): Promise<readonly SandboxEvent[]> {
    return this.#read(Type.Array(SandboxEvent), 'GET', `/events?after=${after}`);
  }

  /** the whole state, secrets included */
  async objects<T extends TSchema>(schema: T): Promise<Static<T>> {
    return this.#read(schema, 'GET', '/objects');
  }

  /** the whole state as text, to search it */
  async objectsText(): Promise<string> {
    return this.#call('GET', '/objects');
  }

  async violations(): Promise<readonly Static<typeof Violation>[]> {
    return this.#read(Type.Array(Violation), 'GET', '/violations');
  }

  async addFault(fault: Fault): Promise<void> {
    await this.#call('POST', '/faults', fault);
  }

  /** removes one fault, or all */
  async removeFaults(id?: string): Promise<void> {
    await this.#call('DELETE', id === undefined ? '/faults' : `/faults/${encodeURIComponent(id)}`);
  }

  async held(): Promise<readonly Static<typeof Held>[]> {
    return this.#read(Type.Array(Held), 'GET', '/held');
  }

  /** lets held requests go on; returns how many */
  async release(id: string, requestIndex?: number): Promise<number> {
    const body = { id, ...(requestIndex === undefined ? {} : { requestIndex }) };
    const Released = Type.Object({ released: Type.Integer() });
    return (await this.#read(Released, 'POST', '/release', body)).released;
  }

  async latency(profile: LatencyProfile): Promise<void> {
    await this.#call('POST', '/latency', profile);
  }

  async settings(switches: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#call('POST', '/settings', switches);
  }

  /** any other control route of a stand-in, e.g. `/agent-connected`; returns the answer's text */
  async post(path: string, body: unknown): Promise<string> {
    return this.#call('POST', path, body);
  }

  async #read<T extends TSchema>(
    schema: T,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Static<T>> {
    const value: unknown = JSON.parse(await this.#call(method, path, body));
    if (!Value.Check(schema, value)) {
      throw new ControlError(`${method} ${path}: not the expected shape`);
    }
    return value;
  }

  #call(method: string, path: string, body?: unknown): Promise<string> {
    const url = new URL(`/_sandbox${path}`, this.#origin);
    const payload = body === undefined ? '' : JSON.stringify(body);
    const send = url.protocol === 'https:' ? https.request : http.request;
    return new Promise((resolve, reject) => {
      const request = send(
        url,
        {
          method,
          headers: {
            ...(payload ? { 'content-type': 'application/json' } : {}),
            'content-length': Buffer.byteLength(payload),
          },
          ...(this.#ca === undefined ? {} : { ca: this.#ca }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const status = response.statusCode ?? 0;
            if (status < 300) resolve(text);
            else reject(new ControlError(`${method} ${path}: ${status} ${text}`));
          });
        },
      );
      request.on('error', reject);
      request.end(payload);
    });
  }
}
