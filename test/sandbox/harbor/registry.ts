import Type from 'typebox';
import { Value } from 'typebox/value';
import type { ArtifactContent } from '../../../sandbox/harbor/artifact-content.js';

const Token = Type.Object({ token: Type.String(), expires_in: Type.Integer() });

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly body: unknown;
}

/** Speaks to the registry as a build tool does, without our client. */
export class Registry {
  readonly #origin: string;
  readonly #login: { readonly name: string; readonly password: string } | undefined;

  constructor(origin: string, login?: { readonly name: string; readonly password: string }) {
    this.#origin = origin;
    this.#login = login;
  }

  /** one request with a token for what is asked, if a scope is given */
  async ask(
    method: string,
    path: string,
    sent: {
      readonly scope?: string;
      readonly type?: string;
      readonly body?: Buffer;
      readonly header?: string;
    } = {},
  ): Promise<RegistryAnswer> {
    const header = sent.scope === undefined ? sent.header : `Bearer ${await this.token(sent.scope)}`;
    const response = await fetch(new URL(path, this.#origin), {
      method,
      headers: {
        ...(header === undefined ? {} : { authorization: header }),
        ...(sent.type === undefined ? {} : { 'content-type': sent.type }),
      },
      ...(sent.body === undefined ? {} : { body: new Uint8Array(sent.body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, body: json(bytes) };
  }

  async token(scope: string): Promise<string> {
    const url = new URL('/service/token', this.#origin);
    url.searchParams.set('service', 'harbor-registry');
    url.searchParams.set('scope', scope);
    const response = await fetch(url, { headers: this.basic() });
    return Value.Parse(Token, await response.json()).token;
  }

  basic(): Record<string, string> {
    if (this.#login === undefined) return {};
    const { name, password } = this.#login;
    return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
  }

  /** pushes blobs in two requests each, then the manifests, the top one under a tag */
  async push(
    repository: string,
    tag: string,
    { blobs, manifests, top }: ArtifactContent,
  ): Promise<RegistryAnswer> {
    const scope = `repository:${repository}:pull,push`;
    for (const { digest, bytes } of blobs) {
      const begun = await this.ask('POST', `/v2/${repository}/blobs/uploads/`, { scope });
      const location = new URL(begun.headers.get('location') ?? '', this.#origin);
      location.searchParams.set('digest', digest);
      await this.ask('PUT', location.href, { scope, type: 'application/octet-stream', body: bytes });
    }
    for (const { digest, mediaType, bytes } of manifests) {
      await this.ask('PUT', `/v2/${repository}/manifests/${digest}`, { scope, type: mediaType, body: bytes });
    }
    return this.ask('PUT', `/v2/${repository}/manifests/${tag}`, {
      scope,
      type: top.mediaType,
      body: top.bytes,
    });
  }
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
