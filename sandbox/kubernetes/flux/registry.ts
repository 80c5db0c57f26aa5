/** What source-controller and kubelets pull: charts and images of the Harbor stand-in, by their tags and digests. */
import { createHash } from 'node:crypto';
import Type from 'typebox';
import { Value } from 'typebox/value';

const ACCEPTED = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ');

const ChartManifest = Type.Object({
  config: Type.Object({ mediaType: Type.Literal('application/vnd.cncf.helm.config.v1+json') }),
  layers: Type.Array(Type.Object({ digest: Type.String() }), { minItems: 1 }),
});

/** The registry does not have it, or did not answer: its own words. */
export class PullFailed extends Error {
  override readonly name = 'PullFailed';
}

export interface PulledChart {
  /** digest of its manifest */
  readonly digest: string;
  readonly archive: Buffer;
}

export interface RegistryOptions {
  /** a user that may read all of it */
  readonly login: { readonly name: string; readonly password: string };
}

/** Pulls over HTTP with a login, like any other client. */
export class PullingRegistry {
  readonly #login: RegistryOptions['login'];

  constructor(options: RegistryOptions) {
    this.#login = options.login;
  }

  /** @param reference `host/repository` with a tag or digest. @returns the digest that it names. Throws `PullFailed`. */
  async digestOf(reference: string): Promise<string> {
    return (await this.#manifest(reference)).digest;
  }

  /** @param reference `host/repository:tag`. Throws `PullFailed`. */
  async chart(reference: string): Promise<PulledChart> {
    const { digest, bytes, host, repository } = await this.#manifest(reference);
    const manifest: unknown = JSON.parse(bytes.toString('utf8'));
    if (!Value.Check(ChartManifest, manifest)) throw new PullFailed(`${reference}: no chart`);
    const [layer] = manifest.layers;
    const archive = await this.#get(host, repository, `blobs/${layer?.digest ?? ''}`);
    return { digest, archive };
  }

  async #manifest(reference: string): Promise<{
    readonly digest: string;
    readonly bytes: Buffer;
    readonly host: string;
    readonly repository: string;
  }> {
    const [, host = '', repository = '', tag = 'latest', wanted] =
      /^([^/]+)\/([^@]+?)(?::([A-Za-z0-9_][\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(reference) ?? [];
    const bytes = await this.#get(host, repository, `manifests/${wanted ?? tag}`);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { digest, bytes, host, repository };
  }

  async #get(host: string, repository: string, path: string): Promise<Buffer> {
    const { name, password } = this.#login;
    const basic = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
    try {
      const scope = encodeURIComponent(`repository:${repository}:pull`);
      const asked = await fetch(`http://${host}/service/token?service=harbor-registry&scope=${scope}`, {
        headers: { authorization: basic },
      });
      const given: unknown = await asked.json();
      const token = Value.Check(Type.Object({ token: Type.String() }), given) ? given.token : '';
      const answer = await fetch(`http://${host}/v2/${repository}/${path}`, {
        headers: { authorization: `Bearer ${token}`, accept: ACCEPTED },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (answer.ok) return bytes;
      const words = answer.status === 404 ? 'not found' : `unexpected status ${answer.status}`;
      throw new PullFailed(`${host}/${repository}:${path.replace(/^[a-z]+\//, '')}: ${words}`);
    } catch (error) {
      if (error instanceof PullFailed) throw error;
      throw new PullFailed(`${host}/${repository}: connection refused`);
    }
  }
}
