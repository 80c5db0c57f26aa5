import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { httpRequest } from '../../../sandbox/kubernetes/external-secrets/http-request.js';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.js';
import { entraClientOf, makeWorld, type World } from '../../../sandbox/world.js';

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The whole chain of stand-ins with two clusters: Git, Key Vault, Otterize, Kubernetes. */
export class ClustersUnderTest {
  readonly world: World;
  readonly folder: string;
  #sandbox: Sandbox;

  private constructor(world: World, folder: string, sandbox: Sandbox) {
    this.world = world;
    this.folder = folder;
    this.#sandbox = sandbox;
  }

  static async start(): Promise<ClustersUnderTest> {
    const world = makeWorld({ clusters: 2 });
    const folder = await mkdtemp(join(tmpdir(), 'kubernetes-stand-in-'));
    return new ClustersUnderTest(world, folder, await startSandbox({ world, stateDir: folder, only: ONLY }));
  }

  /** Stops everything and starts it again on the same state, with other ports. */
  async restart(): Promise<void> {
    await this.#sandbox.close();
    this.#sandbox = await startSandbox({ world: this.world, stateDir: this.folder, only: ONLY });
  }

  async stop(): Promise<void> {
    await this.#sandbox.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  address(name: string): string {
    return this.#sandbox.addresses[name] ?? '';
  }

  control(name: string): ControlClient {
    return new ControlClient(this.address(name));
  }

  /** Calls one cluster's API, as Gatehouse unless another token is given. */
  async kube(
    cluster: string,
    method: string,
    path: string,
    more: { readonly token?: string; readonly body?: unknown; readonly type?: string } = {},
  ): Promise<KubeAnswer> {
    const own =
      cluster === 'management'
        ? this.world.kubernetes.managementToken
        : (this.world.clusters.find((one) => one.name === cluster)?.kubernetesToken ?? '');
    const token = more.token ?? own;
    const answer = await fetch(`${this.address('kubernetes')}/clusters/${cluster}${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(more.body === undefined ? {} : { 'content-type': more.type ?? 'application/json' }),
      },
      ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, body: isJson ? JSON.parse(text) : text };
  }

  get admin(): string {
    return this.address('kubernetesAdminToken');
  }

  async application(name: string): Promise<unknown> {
    return (await this.kube('management', 'GET', `${APPLICATIONS}/${name}`)).body;
  }

  async refresh(name: string): Promise<number> {
    const body = { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } };
    const answer = await this.kube('management', 'PATCH', `${APPLICATIONS}/${name}`, {
      body,
      type: 'application/merge-patch+json',
    });
    return answer.status;
  }

  /** Every state that an Application goes through from now on; `stop` ends the watching. */
  async watch(name: string): Promise<{ readonly states: readonly unknown[]; stop(): void }> {
    const aborted = new AbortController();
    const states: unknown[] = [];
    const answer = await fetch(
      `${this.address('kubernetes')}/clusters/management${APPLICATIONS}?watch=true`,
      {
        headers: { authorization: `Bearer ${this.world.kubernetes.managementToken}` },
        signal: aborted.signal,
      },
    );
    const take = async () => {
      let rest = '';
      for await (const chunk of answer.body ?? []) {
        const lines = `${rest}${Buffer.from(chunk).toString()}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event: { object: { metadata: { name: string } } } = JSON.parse(line);
          if (event.object.metadata.name === name) states.push(event.object);
        }
      }
    };
    // ends with the abort below
    take().catch(() => undefined);
    return { states, stop: () => aborted.abort() };
  }

  /** Somebody commits; gives the commit's id. */
  async commit(path: string, content: string): Promise<string> {
    const text = await this.control('gitlab').post('/commit', {
      project: 'platform/clusters',
      path,
      content,
    });
    return /"id":"([0-9a-f]{40})"/.exec(text)?.[1] ?? '';
  }

  /** Stores a secret in a cluster's vault as Gatehouse. */
  async store(vault: string, name: string, value: string): Promise<number> {
    const client = entraClientOf(this.world, 'gatehouse');
    const token = await httpRequest(
      `${this.address('directory')}/${this.world.entra.tenantId}/oauth2/v2.0/token`,
      {
        method: 'POST',
        form: {
          grant_type: 'client_credentials',
          client_id: client.clientId,
          client_secret: client.clientSecret,
          scope: 'https://vault.azure.net/.default',
        },
      },
    );
    const bearer = /"access_token":"([^"]+)"/.exec(JSON.stringify(token.body))?.[1] ?? '';
    const url = new URL(this.address('key-vault'));
    url.hostname = `${vault}.localhost`;
    const answer = await httpRequest(`${url.origin}/secrets/${name}?api-version=7.6`, {
      method: 'PUT',
      json: { value },
      headers: { authorization: `Bearer ${bearer}` },
      ca: readFileSync(this.address('caFile'), 'utf8'),
    });
    return answer.status;
  }
}

const ONLY = ['directory', 'key-vault', 'otterize', 'gitlab', 'kubernetes'];
export const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
export const EXTERNAL_SECRETS = '/apis/external-secrets.io/v1/namespaces/otterize-system/externalsecrets';
