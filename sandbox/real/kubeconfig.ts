import { readFile, writeFile } from 'node:fs/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { KubeAccess } from './kube-client.js';

const Kubeconfig = Type.Object({
  clusters: Type.Tuple([
    Type.Object({
      cluster: Type.Object({ server: Type.String(), 'certificate-authority-data': Type.String() }),
    }),
  ]),
  users: Type.Tuple([Type.Object({ user: Type.Object({ token: Type.String() }) })]),
});

/**
 * Writes a kubeconfig that only this user reads.
 * @param namespace of its context; Argo CD takes its own from there
 */
export async function writeKubeconfig(
  file: string,
  access: KubeAccess,
  namespace = 'default',
): Promise<void> {
  const name = 'real';
  const cluster = {
    server: access.server,
    'certificate-authority-data': Buffer.from(access.ca).toString('base64'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  };
  // JSON is YAML
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
}

/** @throws Error when it is not one that we wrote */
export async function readKubeconfig(file: string): Promise<KubeAccess> {
  const config: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!Value.Check(Kubeconfig, config)) throw new Error(`${file} is no kubeconfig of ours.`);
  const { cluster } = config.clusters[0];
  return {
    server: cluster.server,
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString(),
    token: config.users[0].user.token,
  };
}
