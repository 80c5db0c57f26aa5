import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoose, type Loose } from '../kubernetes/objects.js';

/** Where an API server is and who we are there. */
export interface KubeAccess {
  /** e.g. `https://127.0.0.1:20443` */
  readonly server: string;
  /** PEM */
  readonly ca: string;
  readonly token: string;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: Loose;
}

/** The API server refused a call. */
export class KubeRefusal extends Error {
  override readonly name = 'KubeRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A kind is not known for some seconds after its definition was made. */
const KIND_PATIENCE_MS = 30_000;
const AGAIN_MS = 200;
const FIELD_MANAGER = 'gatehouse-real-tests';

/**
 * The administrator's side of a real API server, for what sets tests up and looks at their end. Objects go as they are: a
 * client with models of its own would drop the fields that it does not know.
 */
export class KubeClient {
  readonly access: KubeAccess;
  readonly #agent: Agent;
  readonly #paths = new Map<string, { readonly plural: string; readonly namespaced: boolean }>();

  constructor(access: KubeAccess) {
    this.access = access;
    this.#agent = new Agent({ ca: access.ca, keepAlive: true });
  }

  /** Any call; whatever the answer. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<KubeAnswer> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, this.access.server),
        {
          method,
          agent: this.#agent,
          timeout: 20_000,
          headers: {
            authorization: `Bearer ${this.access.token}`,
            accept: 'application/json',
            'content-length': Buffer.byteLength(payload),
            ...(payload === '' ? {} : { 'content-type': contentType }),
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString()) }),
          );
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`no answer from ${this.access.server}`)));
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  /**
   * Makes a new object; cheaper than `apply` for what is large.
   * @throws KubeRefusal
   */
  async create(object: Loose): Promise<Loose> {
    const path = (await this.#pathOf(object)).replace(/\/[^/]+$/, '');
    return this.#needed('POST', `${path}?fieldValidation=Strict`, object, 'application/json');
  }

  /**
   * Makes objects or changes them to be so (server-side apply), in their order. An unknown field is refused.
   * @throws KubeRefusal
   */
  async apply(...objects: readonly Loose[]): Promise<Loose> {
    let last: Loose = {};
    for (const object of objects) {
      const path = `${await this.#pathOf(object)}?fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict`;
      last = await this.#needed('PATCH', path, object, 'application/apply-patch+yaml');
    }
    return last;
  }

  /**
   * Changes the given fields (merge patch); null removes one.
   * @throws KubeRefusal
   */
  async merge(object: Loose, patch: Loose): Promise<Loose> {
    return this.#needed('PATCH', await this.#pathOf(object), patch, 'application/merge-patch+json');
  }

  /**
   * Changes the status, as a controller does (merge patch); the object's other fields stay.
   * @throws KubeRefusal
   */
  async mergeStatus(object: Loose, status: unknown): Promise<void> {
    const path = `${await this.#pathOf(object)}/status`;
    await this.#needed('PATCH', path, { status }, 'application/merge-patch+json');
  }

  /** @param object kind, name and namespace of it @returns null when there is none @throws KubeRefusal */
  async read(object: Loose): Promise<Loose | null> {
    const path = await this.#pathOf(object);
    const { status, body } = await this.call('GET', path);
    if (status === 404) return null;
    if (status >= 300) throw refusal('GET', path, status, body);
    return body;
  }

  /**
   * All objects of a kind in a namespace.
   * @throws KubeRefusal
   */
  async list(apiVersion: string, kind: string, namespace: string): Promise<readonly Loose[]> {
    const sample = { apiVersion, kind, metadata: { name: '', namespace } };
    const path = (await this.#pathOf(sample)).replace(/\/$/, '');
    const { status, body } = await this.call('GET', path);
    if (status >= 300) throw refusal('GET', path, status, body);
    const items: readonly unknown[] = Array.isArray(body.items) ? body.items : [];
    // the objects of a list do not say their kind themselves
    return items.filter(isLoose).map((item) => ({ ...item, apiVersion, kind }));
  }

  /** What is not there is removed already. @throws KubeRefusal */
  async remove(object: Loose): Promise<void> {
    const path = await this.#pathOf(object);
    const { status, body } = await this.call('DELETE', path);
    if (status >= 300 && status !== 404) throw refusal('DELETE', path, status, body);
  }

  /**
   * Asks until an object is as it should be.
   * @throws Error with the object as it was last when that takes too long
   */
  async until(
    object: Loose,
    isSo: (object: Loose | null) => boolean,
    timeoutMs = 60_000,
  ): Promise<Loose | null> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await this.read(object);
      if (isSo(found)) return found;
      if (Date.now() > deadline) {
        const status = JSON.stringify(found?.status ?? found)?.slice(0, 2_000);
        throw new Error(`${nameOf(object)} is not as expected after ${timeoutMs / 1000} s: ${status}`);
      }
      await sleep(AGAIN_MS);
    }
  }

  /**
   * Makes a token of a service account.
   * @throws KubeRefusal
   */
  async tokenOf(namespace: string, account: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await this.#needed('POST', path, body, 'application/json');
    const token = isLoose(answer.status) ? answer.status.token : undefined;
    if (typeof token !== 'string') throw new Error('The answer has no token.');
    return token;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #needed(method: string, path: string, body: unknown, contentType: string): Promise<Loose> {
    const answer = await this.call(method, path, body, contentType);
    if (answer.status >= 300) throw refusal(method, path, answer.status, answer.body);
    return answer.body;
  }

  async #pathOf(object: Loose): Promise<string> {
    const apiVersion = String(object.apiVersion);
    const kind = String(object.kind);
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { plural, namespaced } = await this.#kind(root, kind);
    const { name, namespace } = isLoose(object.metadata) ? object.metadata : {};
    return namespaced
      ? `${root}/namespaces/${String(namespace ?? 'default')}/${plural}/${String(name)}`
      : `${root}/${plural}/${String(name)}`;
  }

  async #kind(
    root: string,
    kind: string,
  ): Promise<{ readonly plural: string; readonly namespaced: boolean }> {
    const key = `${root} ${kind}`;
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const deadline = Date.now() + KIND_PATIENCE_MS;
    for (;;) {
      const { body } = await this.call('GET', root);
      const resources: readonly unknown[] = Array.isArray(body.resources) ? body.resources : [];
      for (const resource of resources) {
        if (!isLoose(resource) || resource.kind !== kind || typeof resource.name !== 'string') continue;
        if (resource.name.includes('/')) continue;
        const found = { plural: resource.name, namespaced: resource.namespaced === true };
        this.#paths.set(key, found);
        return found;
      }
      if (Date.now() > deadline) throw new Error(`${this.access.server} knows no ${kind} in ${root}.`);
      await sleep(AGAIN_MS);
    }
  }
}

function nameOf(object: Loose): string {
  const { name, namespace } = isLoose(object.metadata) ? object.metadata : {};
  return [object.kind, namespace, name].filter((part) => part !== undefined).join(' ');
}

function refusal(method: string, path: string, status: number, body: Loose): KubeRefusal {
  return new KubeRefusal(status, `${method} ${path}: ${status} ${String(body.message ?? '')}`);
}

function parsed(text: string): Loose {
  try {
    const value: unknown = JSON.parse(text);
    return isLoose(value) ? value : {};
  } catch {
    return { message: text.slice(0, 500) };
  }
}
