/**
 * Gatehouse with its processes, ledger and Temporal, in front of a real cluster and a real registry: what promotions by
 * Argo CD and by Flux have in common. GitLab is the stand-in, its Git is real.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { imageContent } from '../../sandbox/harbor/artifact-content.js';
import { MANAGEMENT } from '../../sandbox/kubernetes/example-objects.js';
import { isLoose, type Loose } from '../../sandbox/kubernetes/objects.js';
import type { KubeClient } from '../../sandbox/real/kube-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { kustomizeBinary } from '../../sandbox/stack/kustomize-binary.js';
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { realComponent } from '../support/real-component.js';
import { reportSystem } from '../support/report.js';
import { sharedParts, uniqueName } from '../support/stack.js';
import { type AccountOptions, AccountRights } from './account-rights.js';
import { missingRight, nameOfRight } from './documented-roles.js';
import { changeSystems } from './open-bao.js';
import { push } from './push-content.js';
import { realCluster } from './real-cluster.js';

/** For a state of a request, on a busy machine. */
const PATIENCE_MS = 90_000;

export interface StageOptions {
  /** the path of the application */
  readonly path: (image: string, cluster: string) => string;
  /** what the account in the cluster of Argo CD or Flux may be given, and the one where workloads run */
  readonly rights: Readonly<Record<'management' | 'workloads', AccountOptions>>;
  /** namespaces to make */
  readonly namespaces: readonly string[];
}

export class PromotionStage {
  readonly client: KubeClient;
  readonly stack: GatehouseStack;
  readonly api: ExampleApi;
  /** repository of the application's image in the real registry */
  readonly image: string;
  readonly #rights: Readonly<Record<'management' | 'workloads', AccountRights>>;
  readonly #gitlab: ControlClient;
  readonly #made: Loose[] = [];

  private constructor(parts: {
    readonly client: KubeClient;
    readonly stack: GatehouseStack;
    readonly image: string;
    readonly rights: Readonly<Record<'management' | 'workloads', AccountRights>>;
  }) {
    this.client = parts.client;
    this.stack = parts.stack;
    this.image = parts.image;
    this.#rights = parts.rights;
    this.api = new ExampleApi(this.stack.apiUrl, this.stack.address('oidc'), this.stack.world);
    this.#gitlab = new ControlClient(this.stack.address('gitlab'));
  }

  /** Where a component is not there the test counts as not run. */
  static async open(context: Pick<TestContext, 'skip'>, options: StageOptions): Promise<PromotionStage> {
    const registry = realComponent(context, 'registry', 'REGISTRY_ADDR');
    const client = await realCluster(context);
    for (const name of ['gitlab', 'directory', 'oidc']) reportSystem(name, 'stand-in');
    const image = `${registry}/shop/${uniqueName('web')}`;
    const stack = await startGatehouse({
      clusters: 1,
      ...(await sharedParts('real-promotion')),
      installation: {
        // waits are longer than those of tests of crashes: controllers take their time, on a busy machine too
        timing: 'standard',
        stabilisationMs: 0,
        path: (world) => options.path(image, world.clusters[0]?.name ?? ''),
      },
      without: ['api', 'worker'],
    });
    const undo: (() => Promise<unknown>)[] = [() => stack.dispose()];
    try {
      const namespaces = options.namespaces.map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      }));
      await client.apply(...namespaces);
      const rights = {
        management: await AccountRights.make(client, options.rights.management),
        workloads: await AccountRights.make(client, options.rights.workloads),
      };
      undo.push(...Object.values(rights).map((account) => () => account.remove()));
      const stage = new PromotionStage({ client, stack, image, rights });
      stage.#made.push(...namespaces);
      await stage.#configure(registry);
      await Promise.all([stack.startApi(), stack.startWorker()]);
      return stage;
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.stack.dispose();
    for (const object of this.#made.reverse()) await this.client.remove(object);
    for (const account of Object.values(this.#rights)) await account.remove();
    this.client.close();
  }

  /** Makes an object that is removed at the end. */
  async make(object: Loose): Promise<void> {
    await this.client.apply(object);
    this.#made.push(object);
  }

  /** A build of a version. @returns its digest */
  async build(version: string, tag: string): Promise<string> {
    const content = imageContent(`${this.image} ${version}`);
    await push(this.image, tag, content);
    return content.top.digest;
  }

  /** Somebody commits a file, or removes it (null). @returns the commit */
  async commit(project: string, path: string, content: string | null, branch = 'main'): Promise<string> {
    const answer = await this.#gitlab.post('/commit', {
      ...{ project, path, content, branch },
      ...{ author: 'ada', as: 'ada' },
    });
    return /"id":"([0-9a-f]{40})"/.exec(answer)?.[1] ?? '';
  }

  /** What the branch that production reads has. */
  async fileOf(project: string, path: string): Promise<string> {
    const [id, file] = [project, path].map(encodeURIComponent);
    return (await this.#ask(`${id}/repository/files/${file}/raw?ref=main`)).text();
  }

  async headOf(project: string): Promise<string> {
    const answer = await this.#ask(`${encodeURIComponent(project)}/repository/branches/main`);
    return /"id":"([0-9a-f]{40})"/.exec(await answer.text())?.[1] ?? '';
  }

  /** States of the merge requests of a project, newest first. */
  async mergeRequests(project: string): Promise<readonly unknown[]> {
    const answer = await this.#ask(`${encodeURIComponent(project)}/merge_requests?state=all`);
    const body: unknown = await answer.json();
    return Array.isArray(body) ? body.map((one: unknown) => (isLoose(one) ? one.state : one)) : [];
  }

  /** The merge request that waits for people. */
  async openRequest(project: string): Promise<{ readonly iid: number; readonly branch: string }> {
    const answer = await this.#ask(`${encodeURIComponent(project)}/merge_requests?state=opened`);
    const body: unknown = await answer.json();
    const [one]: readonly unknown[] = Array.isArray(body) ? body : [];
    if (!isLoose(one) || typeof one.iid !== 'number' || typeof one.source_branch !== 'string') {
      throw new Error('There is no open merge request.');
    }
    return { iid: one.iid, branch: one.source_branch };
  }

  /** Somebody closes a merge request, or opens it again. */
  async change(project: string, iid: number, event: 'close' | 'reopen'): Promise<void> {
    const path = `${encodeURIComponent(project)}/merge_requests/${iid}`;
    const answer = await this.#ask(path, 'PUT', { state_event: event });
    if (!answer.ok) throw new Error(`${event} ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** The next merges in a project are answered so, without effect. */
  async spoilMerges(project: string, statuses: readonly number[]): Promise<void> {
    for (const [skip, status] of statuses.entries()) {
      await this.#gitlab.addFault({
        id: `merge-${skip}`,
        match: { method: 'PUT', path: `/projects/${encodeURIComponent(project)}/merge_requests/\\d+/merge$` },
        times: 1,
        when: 'before',
        kind: 'status',
        status,
      });
    }
  }

  /** Address of a project for controllers, and the login of somebody who only reads. */
  repository(project: string): {
    readonly url: string;
    readonly login: { readonly username: string; readonly password: string };
  } {
    return {
      url: `${this.stack.address('gitlab')}/${project}.git`,
      login: { username: 'oauth2', password: this.stack.world.gitlab.readToken },
    };
  }

  /** Asks for production. @returns the request, when it waits for people, is over or wants attention */
  async ask(): Promise<RequestStatus> {
    const requestId = await this.api.promote(shopPromotionText());
    return this.#until(requestId, isAskedOrOver);
  }

  /** Ben, who owns the shop, agrees. */
  async agree({ requestId }: RequestStatus): Promise<void> {
    await this.api.decide('ben', requestId, 'owner', 'approve');
  }

  /** @returns when it is over, or wants attention */
  settled({ requestId }: RequestStatus): Promise<RequestStatus> {
    return this.#until(requestId, (status) => status.endedAt !== undefined || status.status === 'attention');
  }

  /** A whole promotion with an approval. @returns where it ends or gets stuck */
  async promote(): Promise<RequestStatus> {
    const asked = await this.ask();
    if (asked.status !== 'waiting') return asked;
    await this.agree(asked);
    return this.settled(asked);
  }

  /** The one command. @returns at its end */
  async rollBack({ requestId }: RequestStatus): Promise<RequestStatus> {
    await this.api.call('olga', 'POST', `/v1/requests/${requestId}/rollback`);
    return this.#until(requestId, (status) => status.endedAt !== undefined);
  }

  /** What was proposed is closed, and nothing more is done. @returns at its end */
  async cancel({ requestId }: RequestStatus): Promise<RequestStatus> {
    await this.api.call('olga', 'POST', `/v1/requests/${requestId}/cancel`);
    return this.#until(requestId, (status) => status.endedAt !== undefined);
  }

  /** Holds of production: what a rollback leaves behind. A person lets them go. */
  async releaseHolds(): Promise<readonly string[]> {
    const text = JSON.stringify(await this.api.call('olga', 'GET', '/v1/holds'));
    const holds = [...text.matchAll(/"holdId":"([a-z0-9-]+)"/g)].map(([, id]) => id ?? '');
    for (const id of holds) await this.api.call('olga', 'POST', `/v1/holds/${id}/release`);
    return holds;
  }

  /**
   * Grants what a refusal names, and tries again, until the request waits for people or is over.
   * @returns what was granted since the accounts had nothing, by account
   * @throws Error when it stops for anything but a documented right that it does not have
   */
  async grantWhatIsMissing(request: RequestStatus): Promise<RequestStatus> {
    let status = request;
    while (status.status === 'attention') {
      const said = JSON.stringify([status.waitingFor, status.targets]);
      const right = missingRight(said);
      const isGranted =
        right !== undefined &&
        ((await this.#rights.management.grant(right)) || (await this.#rights.workloads.grant(right)));
      if (!isGranted) {
        throw new Error(
          `It stops at ${right === undefined ? 'something else' : nameOfRight(right)}: ${said}`,
        );
      }
      await this.api.call('olga', 'POST', `/v1/requests/${status.requestId}/retry`, {});
      status = await this.#until(status.requestId, isAskedOrOver);
    }
    return status;
  }

  granted(account: 'management' | 'workloads'): readonly string[] {
    return this.#rights[account].granted;
  }

  /** From now on the accounts have the documented roles. */
  async grantDocumented(): Promise<void> {
    for (const account of Object.values(this.#rights)) await account.grantDocumented();
  }

  /** The API calls the id `id`. */
  async #until(requestId: string, isSo: (status: RequestStatus) => boolean): Promise<RequestStatus> {
    return { ...(await this.api.until(requestId, isSo, PATIENCE_MS)), requestId };
  }

  async #configure(registry: string): Promise<void> {
    const { installation, world } = this.stack;
    const write = (file: string, text: string): string => {
      writeFileSync(join(installation.folder, 'secrets', file), text, { mode: 0o600 });
      return `secrets/${file}`;
    };
    const connection = async (name: string, account: AccountRights) => ({
      name,
      server: this.client.access.server,
      tokenFile: write(`kubernetes-${name}`, await account.token()),
      caFile: write(`kubernetes-${name}.ca`, this.client.access.ca),
    });
    changeSystems(this.stack, {
      kubernetes: {
        connections: [
          await connection(MANAGEMENT, this.#rights.management),
          await connection(world.clusters[0]?.name ?? '', this.#rights.workloads),
        ],
      },
      registry: { hosts: [{ host: registry, insecure: true }] },
      kustomize: { program: await kustomizeBinary() },
    });
  }

  #ask(path: string, method = 'GET', body?: object): Promise<Response> {
    return fetch(`${this.stack.address('gitlab')}/api/v4/projects/${path}`, {
      method,
      headers: {
        'private-token': this.stack.world.gitlab.token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

function isAskedOrOver(status: RequestStatus): boolean {
  return (
    status.endedAt !== undefined ||
    status.status === 'attention' ||
    (status.gates.length > 0 &&
      status.gates.every((gate) => gate.state === 'open') &&
      status.status === 'waiting')
  );
}
