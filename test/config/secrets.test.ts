/** Secrets and addresses of databases are judged when they are read: what a library would say of a wrong one quotes it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { InstallationError, readKeyFile, readSecret } from '../../src/config/installation.js';
import { optionalSetting, SettingError } from '../../src/config/settings.js';
import { JsonRequester } from '../../src/systems/http/json-requester.js';
import { Secret } from '../../src/systems/secret.js';
import { troubleFrom } from '../systems/http/trouble-of.js';

const CANARY = 'canary-secret-77';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('secrets');
});
afterAll(() => folder.remove());

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a secret in a file', () => {
  const fileWith = (text: string): string => {
    const path = join(folder.path, 'token');
    writeFileSync(path, text);
    return path;
  };

  it('is its only line', () => {
    for (const text of [CANARY, `${CANARY}\n`, `${CANARY}\r\n`])
      expect(readSecret(fileWith(text))).toBe(CANARY);
  });

  it.each([
    ['a second line', `${CANARY}\nolder`],
    ['a line end in the middle', `${CANARY}\r\nx`],
    ['a byte order mark', `\uFEFF${CANARY}`],
    ['a blank', `${CANARY} x`],
    ['a blank before it', ` ${CANARY}`],
    ['a character that nobody sees', `${CANARY}\u0000x`],
    ['nothing', '\n'],
  ])('with %s is refused without a word of it', (_, text) => {
    const error = thrown(() => readSecret(fileWith(text)));
    expect(error).toBeInstanceOf(InstallationError);
    expect(String(error)).toContain('token');
    expect(String(error)).not.toContain(CANARY);
  });

  it('that holds keys may have many lines', () => {
    expect(readKeyFile(fileWith('{\n  "keys": []\n}\n'))).toContain('keys');
  });

  it('which gets to a header all the same is not quoted by what refuses it', async () => {
    const requester = new JsonRequester({
      system: 'gitlab',
      baseUrl: 'http://127.0.0.1:9',
      credential: async () => ({ 'private-token': new Secret(`${CANARY}\nx`) }),
    });
    const trouble = await troubleFrom(
      requester.send({ operation: 'read', object: 'x', method: 'GET', path: ['x'] }),
    );
    expect(trouble).toMatchObject({ kind: 'unauthenticated' });
    expect(JSON.stringify(trouble)).not.toContain(CANARY);
  });
});

describe('the address of a database', () => {
  const read = (value: string) => optionalSetting('GATEHOUSE_LEDGER_URL', { GATEHOUSE_LEDGER_URL: value });

  it.each([
    'postgres://gatehouse_api:pass@db.example.com:5432/gatehouse',
    'postgresql://gatehouse_api:a%2Fb%23c@db.example.com/gatehouse?sslmode=require',
    'postgresql:///gatehouse?host=/var/run/postgresql&user=gatehouse_api',
  ])('is taken: %s', (value) => {
    expect(read(value)).toBe(value);
  });

  it.each([
    `postgres://gatehouse_api:${CANARY}/Pass#1@db.example.com:5432/gatehouse`,
    `postgres://gatehouse_api:${CANARY}#1@db.example.com:5432/gatehouse`,
    `postgres://gatehouse_api:${CANARY}[1@db.example.com:x/gatehouse`,
    `postgres://gatehouse_api:${CANARY}%zz@db.example.com:5432/gatehouse`,
    `host=db.example.com dbname=gatehouse user=gatehouse_api password=${CANARY}`,
    `db.example.com:5432/gatehouse?user=gatehouse_api&password=${CANARY}`,
    `jdbc:postgresql://db.example.com:5432/gatehouse?password=${CANARY}`,
  ])('is refused by its name, without a word of it: %#', (value) => {
    const error = thrown(() => read(value));
    expect(error).toBeInstanceOf(SettingError);
    expect(String(error)).toContain('GATEHOUSE_LEDGER_URL');
    expect(String(error)).not.toContain(CANARY);
  });
});
