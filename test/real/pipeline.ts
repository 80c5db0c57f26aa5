/** A pipeline in front of a real cluster: the command with the rights that deploy/kubernetes gives it, and no other. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { KubeClient } from '../../sandbox/real/kube-client.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { Output } from '../../src/cli/output/output.js';
import type { Session } from '../../src/cli/session.js';
import { buildWaitProgram } from '../../src/cli/wait-program.js';
import { rolesIn } from './documented-roles.js';

const ACCOUNT = 'gatehouse-wait';
/** the account, and the role that it has beside the other */
const REFRESHING = 'gatehouse-wait-refresh';
const NAMESPACE = 'ci';
/** The last document of `gatehouse wait --json`. */
const LastDocument = Type.Object({
  state: Type.String(),
  clause: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  evidence: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  pending: Type.Optional(Type.Array(Type.Object({ clause: Type.String(), message: Type.String() }))),
});

/** How a wait ended. */
export interface Waited {
  /** 0 proven, 1 failed, 3 still waiting */
  readonly code: number;
  /** with which it failed, or the first one that it still waits for; undefined when it is proven */
  readonly clause: string | undefined;
  readonly message: string | undefined;
  readonly evidence: Readonly<Record<string, unknown>>;
  /** everything that it said */
  readonly said: string;
}

export class Pipeline {
  readonly #client: KubeClient;
  readonly #folder: TemporaryFolder;

  private constructor(client: KubeClient, folder: TemporaryFolder) {
    this.#client = client;
    this.#folder = folder;
  }

  static async make(client: KubeClient): Promise<Pipeline> {
    const pipeline = new Pipeline(client, await temporaryFolder('pipeline'));
    await client.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      ...rolesIn('wait.yaml'),
      ...[ACCOUNT, REFRESHING].map((name) => ({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace: NAMESPACE },
      })),
    );
    writeFileSync(pipeline.#file('ca'), client.access.ca);
    for (const account of [ACCOUNT, REFRESHING]) {
      writeFileSync(pipeline.#file(account), await client.tokenOf(NAMESPACE, account), { mode: 0o600 });
    }
    return pipeline;
  }

  /** Gives the rights in a namespace. */
  async allowIn(namespace: string): Promise<void> {
    const binding = (account: string, role: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${account}-${role}`, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: NAMESPACE }],
    });
    await this.#client.apply(
      binding(ACCOUNT, ACCOUNT),
      binding(REFRESHING, ACCOUNT),
      binding(REFRESHING, REFRESHING),
    );
  }

  /** `gatehouse wait` that only reads. */
  wait(...args: readonly string[]): Promise<Waited> {
    return this.#run(ACCOUNT, args);
  }

  /** `gatehouse wait --refresh`. */
  waitRefreshing(...args: readonly string[]): Promise<Waited> {
    return this.#run(REFRESHING, ['--refresh', ...args]);
  }

  async remove(): Promise<void> {
    await this.#folder.remove();
  }

  #file(name: string): string {
    return join(this.#folder.path, name);
  }

  /** In this process: a start of the command would cost more than the wait. */
  async #run(account: string, args: readonly string[]): Promise<Waited> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let said = '';
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    const session: Session = {
      env: {},
      output: new Output({ stdin, stdout, stderr }, true, {}),
      signal: new AbortController().signal,
      now: Date.now,
    };
    let code = 1;
    const program = buildWaitProgram(async (_json, run) => {
      code = await run(session);
    });
    const credential = ['--ca-file', this.#file('ca'), '--token-file', this.#file(account)];
    const options = ['--server', this.#client.access.server, ...credential, '--stabilisation', '0s', ...args];
    await program.exitOverride().parseAsync(['wait', ...options], { from: 'user' });
    const last: unknown = JSON.parse(said.trim().split('\n').at(-1) ?? 'null');
    if (!Value.Check(LastDocument, last)) throw new Error(`gatehouse wait ended with ${code}: ${said}`);
    const { clause, message } = last.pending?.[0] ?? last;
    return { code, clause, message, evidence: last.evidence ?? {}, said };
  }
}
