/** The least of an installation: what a test does not name is there, and answers nowhere. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Installation, readInstallation } from '../../src/config/installation.js';

/** @param changes parts of the file, as YAML would hold them; `systems` is put over the default systems */
export function exampleInstallation(
  folder: string,
  { systems, ...changes }: { readonly systems?: object; readonly [part: string]: unknown } = {},
): Installation {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'installation.yaml');
  const nowhere = 'http://127.0.0.1:9';
  const text = JSON.stringify({
    taskQueuePrefix: 'gatehouse',
    timing: 'standard',
    replanAfterMs: 3_600_000,
    stabilisationMs: 1_000,
    files: { inventory: 'inventory.yaml', policies: 'policies' },
    keys: { ring: 'keyring.json', codec: 'codec-keys.json' },
    signIn: {
      issuer: nowhere,
      audience: 'gatehouse',
      pageClientId: 'gatehouse-page',
      cliClientId: 'gatehouse-cli',
      accountClaim: 'oid',
      personClaim: 'person_id',
      groupsClaim: 'groups',
    },
    page: { publicUrl: nowhere, sessionSecretFile: 'page-session.secret' },
    notifications: { webhooks: [] },
    ...changes,
    systems: {
      otterize: { url: nowhere, tokenFile: 'otterize' },
      directory: { url: nowhere, login: { kind: 'azure-cli' } },
      gitlab: { url: nowhere, tokenFile: 'gitlab' },
      kubernetes: { connections: [] },
      ...systems,
    },
  });
  writeFileSync(file, text);
  return readInstallation(file);
}
