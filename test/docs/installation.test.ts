/** docs/installation.md says what the code does: fields, settings, logins, the example and its commands. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { InstallationShape, readInstallation } from '../../src/config/installation.js';
import { SETTINGS, type Setting } from '../../src/config/settings.js';
import { LEDGER_ROLES } from '../../src/ledger/roles.js';
import { freshLedger } from '../ledger/fresh-ledger.js';
import { sharedTemporal, uniqueName } from '../support/stack.js';

const BIN = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url));
const page = readFileSync(new URL('../../docs/installation.md', import.meta.url), 'utf8');

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('docs-installation');
});
afterAll(() => folder.remove());

/** Rows of the table after a heading whose first column has this name, cell by cell. */
function tableOf(heading: string, column: string, nth = 0): readonly (readonly string[])[] {
  const section = page.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const table = section.split(new RegExp(`^\\| ${column} \\|.*\\n\\|[-|]+\\n`, 'm'))[nth + 1] ?? '';
  const end = table.search(/^(?!\|)/m);
  return (end < 0 ? table : table.slice(0, end))
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');
const list = (cell: string | undefined): readonly string[] =>
  plain(cell)
    .split(', ')
    .filter((item) => item !== '');

/** A schema as the JSON Schema that it is. */
const schemaOf = (value: unknown): Readonly<Record<string, unknown>> => Object(value);

interface Field {
  readonly path: string;
  readonly needed: boolean;
}

/** Every field that holds a value; a login is one field, its kinds have tables of their own. */
function fieldsOf(schema: unknown, path = '', needed = true): readonly Field[] {
  const { properties, required, items } = schemaOf(schema);
  if (properties !== undefined) {
    const names: readonly unknown[] = Array.isArray(required) ? required : [];
    return Object.entries(schemaOf(properties)).flatMap(([name, child]) =>
      fieldsOf(child, path === '' ? name : `${path}.${name}`, names.includes(name)),
    );
  }
  if (schemaOf(items).properties !== undefined) return fieldsOf(items, `${path}[]`);
  return [{ path, needed }];
}

function at(path: string): unknown {
  return path.split('.').reduce<unknown>((schema, name) => {
    return schemaOf(schemaOf(schema).properties)[name];
  }, InstallationShape);
}

/** Kinds of a login with the fields that each needs and may have. */
function kindsOf(path: string) {
  const { anyOf } = schemaOf(at(path));
  const variants: readonly unknown[] = Array.isArray(anyOf) ? anyOf : [];
  return variants.map((variant) => {
    const fields = fieldsOf(variant).filter((field) => field.path !== 'kind');
    return {
      kind: schemaOf(schemaOf(schemaOf(variant).properties).kind).const,
      needed: fields.filter((field) => field.needed).map((field) => field.path),
      optional: fields.filter((field) => !field.needed).map((field) => field.path),
    };
  });
}

describe('the page about the installation', () => {
  it('lists every field of the file, and whether it is needed', () => {
    const documented = tableOf('Fields', 'field').map(([path, needed]) => ({
      path: plain(path),
      needed: needed === 'yes',
    }));
    expect(documented).toEqual(fieldsOf(InstallationShape));
    for (const [path, , what] of tableOf('Fields', 'field')) expect(what, path).not.toBe('');
  });

  it('lists every kind of login with its fields', () => {
    const documented = (nth: number) =>
      tableOf('Logins', 'kind', nth).map(([kind, needed, optional]) => ({
        kind: plain(kind),
        needed: list(needed),
        optional: list(optional),
      }));
    for (const path of ['systems.directory.login', 'systems.keyVault.login', 'api.directoryLogin']) {
      expect(kindsOf(path), path).toEqual(documented(0));
    }
    expect(kindsOf('systems.vault.login')).toEqual(documented(1));
  });

  it('lists every setting: who reads it, whether it is secret, and its default', () => {
    const settings: readonly Setting[] = SETTINGS;
    const rows = tableOf('Settings', 'setting');
    expect(rows.map(([name]) => plain(name))).toEqual(settings.map(({ name }) => name));
    for (const [index, setting] of settings.entries()) {
      const [, processes, unset = ''] = rows[index] ?? [];
      expect(list(processes), setting.name).toEqual(setting.usedBy);
      expect(unset.includes('(secret)'), setting.name).toBe(setting.secret);
      const shown = /^`(.+)`$/.exec(unset)?.[1];
      if (shown !== undefined) expect(shown, setting.name).toBe(setting.default);
      else if (setting.default !== undefined)
        expect([setting.name, setting.default]).toEqual([setting.name, '']);
      else if (setting.name !== 'GATEHOUSE_TOKEN_FILE') expect(unset, setting.name).toMatch(/^needed/);
    }
    for (const role of Object.keys(LEDGER_ROLES)) {
      expect(rows.find(([name]) => name === '`GATEHOUSE_ROLE_PASSWORDS`')?.[3]).toContain(`\`${role}\``);
    }
  });

  it('has an example that is read, and leaves no part of the file out', () => {
    const text = /^## Example\n\n```yaml\n([\s\S]*?)```/m.exec(page)?.[1] ?? '';
    const file = join(folder.path, 'installation.yaml');
    writeFileSync(file, text);
    expect(readInstallation(file)).toMatchObject({
      files: { inventory: join(folder.path, 'inventory.yaml') },
    });
    const parts = (schema: unknown) => Object.keys(schemaOf(schemaOf(schema).properties)).sort();
    const example = schemaOf(parse(text));
    expect(Object.keys(example).sort()).toEqual(parts(InstallationShape));
    for (const part of [
      'keys',
      'signIn',
      'page',
      'tickets',
      'api',
      'checkpoints',
      'notifications',
      'systems',
    ]) {
      expect(Object.keys(schemaOf(example[part])).sort(), part).toEqual(parts(at(part)));
    }
  });

  it('shows commands that bring an installation up', async () => {
    const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text.trim());
    expect(commands.join('\n')).toMatch(/keys generate[\s\S]*migrate[\s\S]*setup-temporal/);
    const [ledger, { address }] = await Promise.all([freshLedger(), sharedTemporal()]);
    const bin = join(folder.path, 'bin');
    mkdirSync(bin);
    chmodSync(BIN, 0o755);
    symlinkSync(BIN, join(bin, 'gatehouse'));
    const passwords = join(folder.path, 'passwords.json');
    const passwordOf = (role: keyof typeof LEDGER_ROLES) => new URL(ledger.urlOf(role)).password;
    writeFileSync(
      passwords,
      JSON.stringify({
        owner: passwordOf('owner'),
        api: passwordOf('api'),
        worker: passwordOf('worker'),
        auditor: passwordOf('auditor'),
      }),
    );
    const { PATH = '', HOME = '' } = process.env;
    const env = {
      PATH: `${bin}:${PATH}`,
      HOME,
      DATABASE_URL: ledger.adminUrl,
      GATEHOUSE_ROLE_PASSWORDS: passwords,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: uniqueName('docs-installation'),
    };
    try {
      const { stdout } = await promisify(execFile)('sh', ['-ec', commands.join('\n')], {
        cwd: folder.path,
        env,
      });
      expect(stdout).toContain('The ledger is up to date.');
      expect(stdout).toContain(`Namespace ${env.TEMPORAL_NAMESPACE} created`);
      expect(readFileSync(join(folder.path, 'keys', 'keyring.json'), 'utf8')).toContain('"kid"');
    } finally {
      await ledger.close();
    }
  }, 120_000);
});
