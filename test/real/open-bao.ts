/** A key-value mount of a real OpenBao as the secret store of the example installation. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { TestContext } from 'vitest';
import { parse, stringify } from 'yaml';
import { inventoryText } from '../../sandbox/stack/example-files.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { World } from '../../sandbox/world.js';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';

/** Where the secrets of a cluster are, below the mount. */
export const PATH = 'clusters/{cluster}/{stage}';

const KvAnswer = Type.Object({
  data: Type.Object({
    data: Type.Object({ value: Type.String() }),
    metadata: Type.Object({ version: Type.Integer() }),
  }),
});
const Systems = Type.Object({ systems: Type.Record(Type.String(), Type.Unknown()) });

export class OpenBaoMount {
  readonly url: string;
  readonly token: string;
  readonly mount = uniqueName('gatehouse');

  private constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  /** Where there is no OpenBao the test counts as not run. */
  static async make(context: Pick<TestContext, 'skip'>): Promise<OpenBaoMount> {
    const url = realComponent(context, 'openbao', 'OPENBAO_ADDR');
    const made = new OpenBaoMount(url, realComponent(context, 'openbao', 'OPENBAO_ROOT_TOKEN'));
    await made.#call('POST', `sys/mounts/${made.mount}`, { type: 'kv', options: { version: '2' } });
    return made;
  }

  /** The example inventory with this mount as every cluster's store. */
  inventory(world: World): string {
    const inventory: unknown = parse(inventoryText(world, 'https://127.0.0.1:1'));
    const shape = Type.Object({ spec: Type.Object({ secretStores: Type.Array(Type.Unknown()) }) });
    if (!Value.Check(shape, inventory)) throw new Error('the example inventory has no secret stores');
    const store = { name: 'kv-{cluster}-{stage}', kind: 'vault', url: this.url };
    inventory.spec.secretStores = [{ ...store, mount: this.mount, path: PATH }];
    return stringify(inventory);
  }

  /** What an administrator adds to the installation file. */
  giveLogin(stack: GatehouseStack): void {
    writeFileSync(join(stack.installation.folder, 'secrets', 'openbao'), this.token, { mode: 0o600 });
    const login = { kind: 'token', tokenFile: 'secrets/openbao' };
    changeSystems(stack, { vault: { login, hosts: [new URL(this.url).origin] } });
  }

  async read(path: string): Promise<{ readonly value: string; readonly version: number }> {
    const answer = await this.#call('GET', `${this.mount}/data/${path}`);
    if (!Value.Check(KvAnswer, answer)) throw new Error(`OpenBao holds no ${path}`);
    return { value: answer.data.data.value, version: answer.data.metadata.version };
  }

  async remove(): Promise<void> {
    await this.#call('DELETE', `sys/mounts/${this.mount}`);
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': this.token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** Replaces sections of `systems` in the installation file. */
export function changeSystems(
  { installation }: GatehouseStack,
  sections: Readonly<Record<string, unknown>>,
): void {
  const file: unknown = parse(readFileSync(installation.file, 'utf8'));
  if (!Value.Check(Systems, file)) throw new Error('the installation file has no systems');
  Object.assign(file.systems, sections);
  writeFileSync(installation.file, stringify(file));
}
