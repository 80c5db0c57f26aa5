import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAuthority, makeServerCertificate } from '../framework/certificates.js';
import { builtGoProgram, type GoProgram } from '../stack/go-build.js';
import { freePort } from '../stack/ports.js';
import { type RunningProcess, startProcess } from '../stack/processes.js';
import { ComponentUnavailable } from './component.js';
import { KUBE_APISERVER, KUBE_CONTROLLER_MANAGER } from './go-programs.js';
import { type KubeAccess, KubeClient } from './kube-client.js';
import { writeKubeconfig } from './kubeconfig.js';

/** What tests need; each of the others costs memory and watches. */
const CONTROLLERS = [
  'namespace-controller',
  'serviceaccount-controller',
  'root-ca-certificate-publisher-controller',
  'garbage-collector-controller',
  'clusterrole-aggregation-controller',
  'deployment-controller',
  'replicaset-controller',
  'job-controller',
];
const SERVICE_ADDRESSES = '10.0.0.0/24';

/** A kube-apiserver that runs, and its controllers. */
export interface RunningApiServer {
  /** as its administrator */
  readonly access: KubeAccess;
  /** path of a kubeconfig of the administrator */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  readonly folder: string;
  /** e.g. `http://127.0.0.1:20379` */
  readonly etcd: string;
  /** keys of one etcd that belong to this cluster alone, e.g. `/harbour-01`: so several share an etcd */
  readonly prefix: string;
  /** also the controllers that make pods, end namespaces and the like; without them objects stay as they were written */
  readonly controllers: boolean;
}

/**
 * Starts a kube-apiserver with an authority, keys and tokens of its own, all made now.
 * @throws ComponentUnavailable when it was not built, ProcessError when it does not start
 */
export async function startApiServer(options: ApiServerOptions): Promise<RunningApiServer> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pki = await writeKeys(folder);
  const port = await freePort();
  const access = { server: `https://127.0.0.1:${port}`, ca: pki.ca, token: pki.adminToken };
  const client = new KubeClient(access);
  const server = await startProcess({
    name: 'kube-apiserver',
    command: await builtBefore(KUBE_APISERVER),
    args: [
      ...[`--etcd-servers=${options.etcd}`, `--etcd-prefix=${options.prefix}`],
      ...[`--secure-port=${port}`, '--bind-address=127.0.0.1', '--advertise-address=127.0.0.1'],
      ...[`--cert-dir=${folder}`, `--tls-cert-file=${pki.certFile}`, `--tls-private-key-file=${pki.keyFile}`],
      `--token-auth-file=${pki.tokenFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki.accountPublicFile}`,
      `--service-account-signing-key-file=${pki.accountKeyFile}`,
      `--service-cluster-ip-range=${SERVICE_ADDRESSES}`,
      '--authorization-mode=RBAC',
      // pods here have no containers that could use a mounted token
      '--disable-admission-plugins=ServiceAccount',
      '--endpoint-reconciler-type=none',
    ],
    logFile: join(folder, 'kube-apiserver.log'),
    ready: async () => ((await client.call('GET', '/readyz')).status === 200 ? true : undefined),
    readyTimeoutMs: 120_000,
  });
  const kubeconfig = join(folder, 'kubeconfig');
  await writeKubeconfig(kubeconfig, access);
  const controllers = options.controllers ? await startControllers(folder, access, pki) : undefined;
  return {
    access,
    kubeconfig,
    stop: async () => {
      client.close();
      await controllers?.stop();
      await server.stop();
    },
  };
}

async function startControllers(
  folder: string,
  access: KubeAccess,
  pki: Keys,
): Promise<RunningProcess<unknown>> {
  const kubeconfig = join(folder, 'controllers.kubeconfig');
  await writeKubeconfig(kubeconfig, { ...access, token: pki.controllersToken });
  const client = new KubeClient(access);
  const running = await startProcess({
    name: 'kube-controller-manager',
    command: await builtBefore(KUBE_CONTROLLER_MANAGER),
    args: [
      ...[`--kubeconfig=${kubeconfig}`, '--use-service-account-credentials=true'],
      ...[`--service-account-private-key-file=${pki.accountKeyFile}`, `--root-ca-file=${pki.caFile}`],
      ...['--leader-elect=false', '--secure-port=0', `--controllers=${CONTROLLERS.join(',')}`],
    ],
    logFile: join(folder, 'kube-controller-manager.log'),
    // a controller's first work, where pods need none of it
    ready: async () => {
      const path = '/api/v1/namespaces/default/serviceaccounts/default';
      return (await client.call('GET', path)).status === 200 ? true : undefined;
    },
  });
  client.close();
  return running;
}

interface Keys {
  readonly ca: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly accountKeyFile: string;
  readonly accountPublicFile: string;
  readonly tokenFile: string;
  readonly adminToken: string;
  readonly controllersToken: string;
}

async function writeKeys(folder: string): Promise<Keys> {
  const name = 'Gatehouse real cluster authority';
  const authority = makeAuthority(name);
  const tls = makeServerCertificate(authority, name, ['kubernetes.default.svc', 'localhost', '127.0.0.1']);
  const account = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [adminToken, controllersToken] = [randomBytes(24), randomBytes(24)].map((bytes) =>
    bytes.toString('base64url'),
  );
  if (adminToken === undefined || controllersToken === undefined) throw new Error('no tokens');
  const write = async (file: string, text: string): Promise<string> => {
    const path = join(folder, file);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const tokens = [
    `${adminToken},admin,admin,system:masters`,
    `${controllersToken},system:kube-controller-manager,controllers`,
  ];
  return {
    ca: authority.cert,
    caFile: await write('ca.crt', authority.cert),
    certFile: await write('server.crt', tls.cert),
    keyFile: await write('server.key', tls.key),
    accountKeyFile: await write(
      'accounts.key',
      account.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    accountPublicFile: await write(
      'accounts.pub',
      account.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ),
    tokenFile: await write('tokens.csv', `${tokens.join('\n')}\n`),
    adminToken,
    controllersToken,
  };
}

/** @throws ComponentUnavailable */
export async function builtBefore(program: GoProgram): Promise<string> {
  const binary = await builtGoProgram(program);
  if (binary === undefined) throw new ComponentUnavailable(`${program.name} is not built.`);
  return binary;
}
