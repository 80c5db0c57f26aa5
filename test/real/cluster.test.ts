/** The cluster scenario with a real OpenBao as the secret store; the other systems are stand-ins. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText, inventoryText } from '../../sandbox/stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { makeWorld } from '../../sandbox/world.js';
import { SECRET_NAMES } from '../../src/planning/integration.js';
import { realComponent } from '../support/real-component.js';
import { reportSystem } from '../support/report.js';
import { sharedTemporal, uniqueName, workflowBundle } from '../support/stack.js';

const CLUSTERS = 2;
const PATH = 'clusters/{cluster}/{stage}';

const KvAnswer = Type.Object({
  data: Type.Object({
    data: Type.Object({ value: Type.String() }),
    metadata: Type.Object({ version: Type.Integer() }),
  }),
});

it('onboards clusters with their credentials in a real OpenBao, and changes nothing the second time', async (context) => {
  const url = realComponent(context, 'openbao', 'OPENBAO_ADDR');
  const root = realComponent(context, 'openbao', 'OPENBAO_ROOT_TOKEN');
  for (const name of ['otterize', 'directory', 'gitlab', 'kubernetes', 'argocd', 'external-secrets']) {
    reportSystem(name, 'stand-in');
  }
  const mount = uniqueName('gatehouse');
  await call(url, root, 'POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: '2' } });
  const world = makeWorld({ clusters: CLUSTERS });
  const stack = await startGatehouse({
    world,
    temporal: await sharedTemporal(),
    namespace: uniqueName('real'),
    workflowBundle: (await workflowBundle()).codePath,
    installation: { timing: 'brisk', stabilisationMs: 0, inventory: inventoryWithVault(url, mount) },
    without: ['worker'],
  });
  try {
    giveVaultLogin(stack, root, url);
    await new ControlClient(stack.address('kubernetes')).post('/vault', {
      server: url,
      token: root,
      mount,
      path: PATH,
    });
    await stack.startWorker();
    const api = new ExampleApi(stack.apiUrl, stack.address('oidc'), world);
    const requestId = await api.request(fleetText(world));
    await api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'));
    await api.decide('ben', requestId, 'procurement', 'approve', exampleEvidence('procurement', CLUSTERS));
    await api.decide(
      'chi',
      requestId,
      'data-protection',
      'approve',
      exampleEvidence('data-protection', CLUSTERS),
    );
    const status = await api.until(requestId, (now) => now.endedAt !== undefined, 120_000);
    expect(status.status, JSON.stringify(status.waitingFor)).toBe('done');

    for (const { name, stage } of world.clusters) {
      const secret = await readSecret(
        url,
        root,
        mount,
        `clusters/${name}/${stage}/${SECRET_NAMES.clientSecret}`,
      );
      expect(secret.version).toBe(1);
      const otterize = await new ControlClient(stack.address('otterize')).objectsText();
      expect(otterize.includes(secret.value)).toBe(true);
    }

    const again = await api.request(fleetText(world));
    const second = await api.until(again, (now) => now.endedAt !== undefined, 60_000);
    expect(second.message).toBe(`${CLUSTERS} unchanged, nothing to do`);
  } finally {
    await stack.dispose();
    await call(url, root, 'DELETE', `sys/mounts/${mount}`);
  }
});

function inventoryWithVault(url: string, mount: string): string {
  const inventory: unknown = parse(inventoryText(makeWorld({ clusters: CLUSTERS }), 'https://127.0.0.1:1'));
  const shape = Type.Object({ spec: Type.Object({ secretStores: Type.Array(Type.Unknown()) }) });
  if (!Value.Check(shape, inventory)) throw new Error('the example inventory has no secret stores');
  inventory.spec.secretStores = [{ name: 'kv-{cluster}-{stage}', kind: 'vault', url, mount, path: PATH }];
  return stringify(inventory);
}

/** What an administrator adds to the installation file. */
function giveVaultLogin(stack: GatehouseStack, token: string, url: string): void {
  const { file, folder } = stack.installation;
  writeFileSync(join(folder, 'secrets', 'openbao'), token, { mode: 0o600 });
  const installation: unknown = parse(readFileSync(file, 'utf8'));
  const shape = Type.Object({ systems: Type.Record(Type.String(), Type.Unknown()) });
  if (!Value.Check(shape, installation)) throw new Error('the installation file has no systems');
  installation.systems.vault = {
    login: { kind: 'token', tokenFile: 'secrets/openbao' },
    hosts: [new URL(url).origin],
  };
  writeFileSync(file, stringify(installation));
}

async function readSecret(
  url: string,
  token: string,
  mount: string,
  path: string,
): Promise<{ readonly value: string; readonly version: number }> {
  const answer = await call(url, token, 'GET', `${mount}/data/${path}`);
  if (!Value.Check(KvAnswer, answer)) throw new Error(`OpenBao holds no ${path}`);
  return { value: answer.data.data.value, version: answer.data.metadata.version };
}

async function call(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: { 'x-vault-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return text === '' ? undefined : JSON.parse(text);
}
