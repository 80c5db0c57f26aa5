import { randomUUID } from 'node:crypto';
import type { Loose } from '../../sandbox/kubernetes/objects.js';
import type { KubeClient } from '../../sandbox/real/kube-client.js';
import { type ClusterRole, nameOfRight, type Right, rightsOf } from './documented-roles.js';

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACE = 'gatehouse';

export interface AccountOptions {
  /** documented roles that the account may get, whole or right by right */
  readonly roles: readonly ClusterRole[];
  /** where they are bound */
  readonly namespaces: readonly string[];
}

/** An account of Gatehouse in a real cluster. It has no right at first. */
export class AccountRights {
  readonly #client: KubeClient;
  readonly #options: AccountOptions;
  readonly #name: string;
  readonly #made: Loose[] = [];
  #granted: readonly Right[] = [];

  private constructor(client: KubeClient, options: AccountOptions, name: string) {
    this.#client = client;
    this.#options = options;
    this.#name = name;
  }

  static async make(client: KubeClient, options: AccountOptions): Promise<AccountRights> {
    const account = new AccountRights(client, options, `gatehouse-${randomUUID().slice(0, 8)}`);
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await account.#make({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account.#inNamespace() });
    await account.#write();
    for (const namespace of options.namespaces) await account.#bind(namespace, account.#name);
    return account;
  }

  token(): Promise<string> {
    return this.#client.tokenOf(NAMESPACE, this.#name);
  }

  /** Names of what was granted one by one. */
  get granted(): readonly string[] {
    return this.#granted.map(nameOfRight).sort();
  }

  /** @returns false for what no documented role of the account has, or was granted before */
  async grant(right: Right): Promise<boolean> {
    const name = nameOfRight(right);
    const documented = this.#options.roles.flatMap(rightsOf).some((one) => nameOfRight(one) === name);
    if (!documented || this.granted.includes(name)) return false;
    this.#granted = [...this.#granted, right];
    await this.#write();
    return true;
  }

  /** Binds the documented roles themselves, as docs/installation.md says, instead of what was granted one by one. */
  async grantDocumented(): Promise<void> {
    for (const role of this.#options.roles) {
      await this.#client.apply(role);
      for (const namespace of this.#options.namespaces) await this.#bind(namespace, role.metadata.name);
    }
    this.#granted = [];
    await this.#write();
  }

  async remove(): Promise<void> {
    for (const object of this.#made.reverse()) await this.#client.remove(object);
  }

  #inNamespace() {
    return { name: this.#name, namespace: NAMESPACE };
  }

  async #write(): Promise<void> {
    const rules = this.#granted.map(({ group, resource, verb }) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: [verb],
    }));
    await this.#make({
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: this.#name },
      rules,
    });
  }

  async #bind(namespace: string, role: string): Promise<void> {
    await this.#make({
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name: `${this.#name}-${role}`, namespace },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', ...this.#inNamespace() }],
    });
  }

  async #make(object: Loose): Promise<void> {
    await this.#client.apply(object);
    this.#made.push(object);
  }
}
