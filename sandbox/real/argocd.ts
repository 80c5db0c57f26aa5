import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Loose } from '../kubernetes/objects.js';
import { buildGoProgram } from '../stack/go-build.js';
import { freePort, isListening } from '../stack/ports.js';
import { answersOk, type Readiness, type RunningProcess, startProcess } from '../stack/processes.js';
import { builtBefore } from './api-server.js';
import { type RealComponent, runningAt } from './component.js';
import { debianProgram, installDebianPrograms, REDIS } from './debian-programs.js';
import { ARGOCD, ARGOCD_VERSION, HELM, KUSTOMIZE } from './go-programs.js';
import { KubeClient } from './kube-client.js';
import { readKubeconfig, writeKubeconfig } from './kubeconfig.js';

const NAMESPACE = 'argocd';
/** Argo CD takes only configuration with this label for its own. */
const LABELS = { 'app.kubernetes.io/part-of': 'argocd' };

/**
 * Argo CD with its defaults, outside the cluster that it works in: repo-server, application controller and API server on
 * a Redis of their own. Applications live in the namespace `argocd`; the project `default` allows everything. Tests find
 * its API by `REAL_ARGOCD_ADDR`.
 */
export const ARGOCD_COMPONENT: RealComponent = {
  name: 'argocd',
  needs: ['kubernetes'],

  async install(signal) {
    await installDebianPrograms([REDIS], signal);
    await buildGoProgram(KUSTOMIZE, signal);
    await buildGoProgram(HELM, signal);
    await buildGoProgram(ARGOCD, signal);
  },

  async start(folder, running) {
    const access = await readKubeconfig(runningAt(running, 'REAL_KUBECONFIG'));
    const client = new KubeClient(access);
    await client.apply(...ownObjects());
    client.close();
    const kubeconfig = join(folder, 'kubeconfig');
    await writeKubeconfig(kubeconfig, access, NAMESPACE);

    const stops: (() => Promise<unknown>)[] = [];
    const stop = async () => {
      for (const end of stops.reverse()) await end();
    };
    try {
      const redis = await startRedis(folder);
      stops.push(() => redis.stop());
      const argocd = new ArgoCdProcesses(
        folder,
        await builtBefore(ARGOCD),
        await environment(folder, kubeconfig),
      );
      const [repo, repoMetrics, metrics, api, apiMetrics] = await ports(5);
      const toRepo = ['--repo-server', `127.0.0.1:${repo}`, '--repo-server-plaintext'];
      const toRedis = ['--redis', `127.0.0.1:${redis.found}`];
      const onLoopback = ['--address', '127.0.0.1', '--metrics-address', '127.0.0.1'];
      const repoServer = await argocd.start(
        'argocd-repo-server',
        [
          ...[...toRedis, ...onLoopback, '--port', `${repo}`, '--metrics-port', `${repoMetrics}`],
          // without a certificate of its own it still looks for an authority of its clients
          ...['--disable-tls', '--client-ca-path='],
        ],
        answersOk(`http://127.0.0.1:${repoMetrics}/healthz?full=true`),
      );
      stops.push(() => repoServer.stop());
      const controller = await argocd.start(
        'argocd-application-controller',
        [...['--namespace', NAMESPACE], ...toRedis, ...toRepo, '--metrics-port', `${metrics}`],
        answersOk(`http://127.0.0.1:${metrics}/healthz`),
      );
      stops.push(() => controller.stop());
      const server = await argocd.start(
        'argocd-server',
        [
          ...['--namespace', NAMESPACE, '--insecure', '--dex-server', 'http://127.0.0.1:1'],
          ...[...toRedis, ...toRepo, '--address', '127.0.0.1'],
          ...['--port', `${api}`, '--metrics-port', `${apiMetrics}`],
        ],
        answersOk(`http://127.0.0.1:${api}/api/version`),
      );
      stops.push(() => server.stop());
      return {
        description: `Argo CD ${ARGOCD_VERSION}`,
        env: { REAL_ARGOCD_ADDR: `http://127.0.0.1:${api}` },
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

/** One binary that is told by a variable which of its programs to be. */
class ArgoCdProcesses {
  readonly #folder: string;
  readonly #binary: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string, binary: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#binary = binary;
    this.#env = env;
  }

  start<T>(name: string, args: readonly string[], ready: Readiness<T>): Promise<RunningProcess<T>> {
    return startProcess({
      name,
      command: this.#binary,
      args: [...args, '--loglevel', 'info'],
      env: { ...this.#env, ARGOCD_BINARY_NAME: name },
      logFile: join(this.#folder, `${name}.log`),
      ready,
      readyTimeoutMs: 120_000,
    });
  }
}

async function environment(folder: string, kubeconfig: string): Promise<NodeJS.ProcessEnv> {
  const made = async (name: string) => {
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  const ssh = await made('ssh');
  await writeFile(join(ssh, 'ssh_known_hosts'), '');
  // its image has this script; the repo-server runs it for signatures, which nobody here makes
  const bin = await made('bin');
  const verify = join(bin, 'git-verify-wrapper.sh');
  await writeFile(verify, '#!/bin/sh\nexit 0\n');
  await chmod(verify, 0o755);
  const tools = [await builtBefore(KUSTOMIZE), await builtBefore(HELM)].map((path) => dirname(path));
  return {
    ...process.env,
    PATH: [bin, ...tools, process.env.PATH ?? ''].join(delimiter),
    HOME: folder,
    TMPDIR: await made('tmp'),
    KUBECONFIG: kubeconfig,
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_TLS_DATA_PATH: await made('tls'),
    ARGOCD_SSH_DATA_PATH: ssh,
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_GNUPGHOME: await made('gnupg'),
    REDIS_PASSWORD: '',
  };
}

/** @returns with its port */
async function startRedis(folder: string): Promise<RunningProcess<number>> {
  const program = await debianProgram(REDIS);
  const port = await freePort();
  return startProcess({
    name: 'Redis',
    command: program.command,
    args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    cwd: folder,
    env: program.env,
    logFile: join(folder, 'redis.log'),
    ready: async () => ((await isListening(port)) ? port : undefined),
  });
}

async function ports(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) found.add(await freePort());
  return [...found];
}

/** What its installation manifests bring beside the definitions, with a secret made now. */
function ownObjects(): readonly Loose[] {
  const metadata = (name: string) => ({ name, namespace: NAMESPACE, labels: LABELS });
  const config = (name: string, data: Readonly<Record<string, string>> = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(name),
    data,
  });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    config('argocd-cm'),
    config('argocd-rbac-cm'),
    ...['argocd-tls-certs-cm', 'argocd-ssh-known-hosts-cm', 'argocd-gpg-keys-cm'].map((name) => config(name)),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('argocd-secret'),
      stringData: { 'server.secretkey': randomBytes(24).toString('base64url') },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default', namespace: NAMESPACE },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    },
  ];
}
