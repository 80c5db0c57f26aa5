import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildGoProgram, type GoProgram } from '../stack/go-build.js';
import { freePort } from '../stack/ports.js';
import { answersOk, type RunningProcess, startProcess } from '../stack/processes.js';
import { builtBefore } from './api-server.js';
import { type RealComponent, runningAt } from './component.js';
import { FLUX_VERSION, KUSTOMIZE_CONTROLLER, SOURCE_CONTROLLER } from './go-programs.js';
import { KubeClient } from './kube-client.js';
import { readKubeconfig } from './kubeconfig.js';

const NAMESPACE = 'flux-system';

/**
 * Flux's source-controller and kustomize-controller, outside the cluster that they work in. They look at all namespaces;
 * helm-controller can't be had from the module proxy. Tests find it by `REAL_FLUX` (the version).
 */
export const FLUX_COMPONENT: RealComponent = {
  name: 'flux',
  needs: ['kubernetes'],

  async install(signal) {
    await buildGoProgram(SOURCE_CONTROLLER, signal);
    await buildGoProgram(KUSTOMIZE_CONTROLLER, signal);
  },

  async start(folder, running) {
    const kubeconfig = runningAt(running, 'REAL_KUBECONFIG');
    const client = new KubeClient(await readKubeconfig(kubeconfig));
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    client.close();
    const artifacts = join(folder, 'artifacts');
    await mkdir(artifacts);
    const address = `127.0.0.1:${await freePort()}`;
    const sources = await startController(SOURCE_CONTROLLER, kubeconfig, folder, [
      `--storage-path=${artifacts}`,
      `--storage-addr=${address}`,
      `--storage-adv-addr=${address}`,
    ]);
    try {
      const kustomizations = await startController(KUSTOMIZE_CONTROLLER, kubeconfig, folder, [
        // its default of 30 s would be the longest wait of all tests
        '--requeue-dependency=5s',
      ]);
      return {
        description: `Flux source-controller and kustomize-controller ${FLUX_VERSION}`,
        env: { REAL_FLUX: FLUX_VERSION },
        stop: async () => {
          await kustomizations.stop();
          await sources.stop();
        },
      };
    } catch (error) {
      await sources.stop();
      throw error;
    }
  },
};

async function startController(
  program: GoProgram,
  kubeconfig: string,
  folder: string,
  args: readonly string[],
): Promise<RunningProcess<unknown>> {
  const tmp = join(folder, `${program.name}-tmp`);
  await mkdir(tmp);
  const [metrics, health] = [await freePort(), await freePort()];
  return startProcess({
    name: program.name,
    command: await builtBefore(program),
    args: [
      ...args,
      ...[`--metrics-addr=127.0.0.1:${metrics}`, `--health-addr=127.0.0.1:${health}`],
      // nobody listens for events, and there is no second one to lead
      ...['--events-addr=', '--enable-leader-election=false'],
    ],
    env: { ...process.env, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: NAMESPACE, TMPDIR: tmp, HOME: folder },
    logFile: join(folder, `${program.name}.log`),
    ready: answersOk(`http://127.0.0.1:${health}/readyz`),
  });
}
