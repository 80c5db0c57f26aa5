import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { InstallationError } from '../../src/config/installation.js';
import type { SecretStoreTarget } from '../../src/domain/request.js';
import { installedSystems } from '../../src/systems/installed.js';
import { exampleInstallation } from '../api/example-installation.js';
import { startVendor } from './http/vendor-server.js';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('installed');
  writeFileSync(join(folder.path, 'vault-token'), 'hvs.of-this-test');
});
afterAll(() => folder.remove());

const store = (url: string): SecretStoreTarget => ({
  kind: 'vault',
  name: 'kv',
  url,
  mount: 'kv',
  path: 'a',
});

function storesWith(...hosts: readonly string[]) {
  const vault = { login: { kind: 'token', tokenFile: 'vault-token' }, hosts };
  return installedSystems(exampleInstallation(folder.path, { systems: { vault } })).secretStoreOf;
}

describe('the Vault credential', () => {
  it('goes to the hosts that the installation names', () => {
    const stores = storesWith('https://vault.example.com', 'https://bao.example.com:8200/');
    expect(stores(store('https://vault.example.com')).location).toBe('https://vault.example.com/kv/a');
    expect(stores(store('https://bao.example.com:8200')).kind).toBe('vault');
  });

  it('goes nowhere else, however alike the address looks', async () => {
    const stranger = await startVendor(() => ({ body: {} }));
    const stores = storesWith('https://vault.example.com');
    for (const url of [
      stranger.url,
      'http://vault.example.com',
      'https://vault.example.com:8443',
      'https://vault.example.com.evil.example',
      'https://vault.example.com@evil.example',
      'https://evil.example/https://vault.example.com',
      'not an address',
    ]) {
      expect(() => stores(store(url)), url).toThrow(InstallationError);
      expect(() => stores(store(url)), url).toThrow(/systems\.vault\.hosts/);
    }
    expect(stranger.seen).toEqual([]);
    await stranger.close();
  });

  it('is not configured without a host', () => {
    expect(() => storesWith()).toThrow(/hosts/);
    expect(() => storesWith('https://vault.example.com/v1')).toThrow(/hosts/);
  });
});
