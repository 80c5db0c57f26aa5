/** How the command reaches a cluster: as its options say, else as kubectl and client libraries would. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { KubernetesConnection } from '../../systems/kubernetes/connection.js';
import { Secret } from '../../systems/secret.js';
import { CliError } from '../cli-error.js';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

const POD_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const REMEDY =
  'Give --kubeconfig FILE, or --server URL with --token-file (and --ca-file), or run in a pod with a service account.';

/**
 * The order: `--server`, `--kubeconfig`, KUBECONFIG, the service account of the pod, `~/.kube/config`.
 * @throws CliError
 */
export function connectionOf(options: ClusterOptions, env: NodeJS.ProcessEnv): KubernetesConnection {
  try {
    if (options.server !== undefined) return byToken(options.server, options);
    if (options.tokenFile !== undefined || options.caFile !== undefined) {
      throw new CliError('--token-file and --ca-file belong to --server.', REMEDY);
    }
    const [fromEnv] = (env.KUBECONFIG ?? '').split(':').filter((path) => path !== '');
    const named = options.kubeconfig ?? fromEnv;
    if (named !== undefined) return byKubeconfig(named, options.context);
    const host = env.KUBERNETES_SERVICE_HOST;
    if (host !== undefined && existsSync(join(POD_ACCOUNT, 'token'))) {
      const address = `https://${host.includes(':') ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT ?? '443'}`;
      return byToken(address, { tokenFile: join(POD_ACCOUNT, 'token'), caFile: join(POD_ACCOUNT, 'ca.crt') });
    }
    const own = join(env.HOME ?? homedir(), '.kube', 'config');
    if (existsSync(own)) return byKubeconfig(own, options.context);
  } catch (error) {
    if (error instanceof TypeError) throw new CliError(error.message, REMEDY);
    throw error;
  }
  throw new CliError('There is no cluster to ask.', REMEDY);
}

function byToken(server: string, { tokenFile, caFile }: ClusterOptions): KubernetesConnection {
  if (tokenFile === undefined) throw new CliError('--server needs a token.', 'Give --token-file FILE.');
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const isLocal = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !isLocal) {
    throw new CliError('--server must be an https address: the token is not sent in clear.', REMEDY);
  }
  if (readFileSync(tokenFile, 'utf8').trim() === '') {
    throw new CliError(`${tokenFile} is empty.`, 'Write the token of a service account into it.');
  }
  return new KubernetesConnection({
    server,
    // read for each call: tokens in pods are renewed in place
    token: async () => new Secret(readFileSync(tokenFile, 'utf8').trim()),
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
  });
}

function byKubeconfig(path: string, context: string | undefined): KubernetesConnection {
  return new KubernetesConnection({
    kubeconfig: readFileSync(path, 'utf8'),
    folder: dirname(resolve(path)),
    ...(context === undefined ? {} : { context }),
  });
}
