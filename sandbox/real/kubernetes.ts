import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGoProgram } from '../stack/go-build.js';
import { freePort } from '../stack/ports.js';
import {
  answersOk,
  jsonLine,
  type RunningProcess,
  startProcess,
  startTypeScript,
} from '../stack/processes.js';
import { startApiServer } from './api-server.js';
import type { RealComponent } from './component.js';
import { installDefinitions } from './crds.js';
import { debianProgram, ETCD, installDebianPrograms } from './debian-programs.js';
import { KUBE_APISERVER, KUBE_CONTROLLER_MANAGER, KUBERNETES_VERSION } from './go-programs.js';
import { KubeClient } from './kube-client.js';

const KUBELET = fileURLToPath(new URL('./fake-kubelet.ts', import.meta.url));

/**
 * kube-apiserver, its controllers and etcd, with the definitions of Argo CD, Flux and External Secrets Operator. Pods are
 * only said to run (fake-kubelet.ts). Tests find it by `REAL_KUBECONFIG` (administrator), and by `REAL_ETCD` the etcd in
 * which further clusters can live.
 */
export const KUBERNETES: RealComponent = {
  name: 'kubernetes',

  async install(signal) {
    await installDebianPrograms([ETCD], signal);
    await buildGoProgram(KUBE_APISERVER, signal);
    await buildGoProgram(KUBE_CONTROLLER_MANAGER, signal);
  },

  async start(folder) {
    const stops: (() => Promise<unknown>)[] = [];
    const stop = async () => {
      for (const end of stops.reverse()) await end();
    };
    try {
      const program = await debianProgram(ETCD);
      const etcd = await startEtcd(folder);
      stops.push(() => etcd.stop());
      const server = await startApiServer({
        folder: join(folder, 'main'),
        etcd: etcd.found,
        prefix: '/main',
        controllers: true,
      });
      stops.push(server.stop);
      const client = new KubeClient(server.access);
      await installDefinitions(client, ['argocd', 'flux', 'external-secrets']);
      client.close();
      const kubelet = await startFakeKubelet(server.kubeconfig, folder);
      stops.push(() => kubelet.stop());
      return {
        description: `Kubernetes ${KUBERNETES_VERSION} on etcd ${program.version}, without containers`,
        env: { REAL_KUBECONFIG: server.kubeconfig, REAL_ETCD: etcd.found },
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

/** Pods of a cluster begin to "run"; see fake-kubelet.ts. */
export function startFakeKubelet(kubeconfig: string, folder: string): Promise<RunningProcess<unknown>> {
  return startTypeScript({
    name: 'fake kubelet',
    entry: KUBELET,
    args: [kubeconfig],
    logFile: join(folder, 'fake-kubelet.log'),
    ready: jsonLine((line) => (line.ready === 'fake kubelet' ? line : undefined)),
  });
}

/** @returns with its address */
async function startEtcd(folder: string): Promise<RunningProcess<string>> {
  const program = await debianProgram(ETCD);
  const [clients, peers] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  if (clients === undefined || peers === undefined) throw new Error('no ports');
  const isReady = answersOk(`${clients}/health`);
  return startProcess({
    name: 'etcd',
    command: program.command,
    args: [
      ...[`--data-dir=${join(folder, 'etcd')}`, '--unsafe-no-fsync'],
      ...[`--listen-client-urls=${clients}`, `--advertise-client-urls=${clients}`],
      ...[`--listen-peer-urls=${peers}`, `--initial-advertise-peer-urls=${peers}`],
      `--initial-cluster=default=${peers}`,
    ],
    env: program.env,
    logFile: join(folder, 'etcd.log'),
    ready: async (process) => ((await isReady(process)) === true ? clients : undefined),
  });
}
