import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFileFaults } from '../../scripts/check/lock-file.js';
import { wordFaults } from '../../scripts/check/words.js';
import { ROOT } from '../../scripts/run-part.js';

const GOOD = {
  'node_modules/protobufjs': { version: '8.8.1' },
  'node_modules/google-gax/node_modules/protobufjs': { version: '7.5.4' },
  'node_modules/@temporalio/client': { version: '1.24.0' },
  'node_modules/@temporalio/worker': { version: '1.24.0' },
};

test('a lock file with an address, a second protobufjs 8, mixed Temporal packages or a package left out is refused', () => {
  expect(lockFileFaults(GOOD)).toEqual([]);
  const faults = (more: Parameters<typeof lockFileFaults>[0]) => lockFileFaults({ ...GOOD, ...more });
  expect(
    faults({ 'node_modules/pg': { version: '8.23.1', resolved: 'https://packages.example.com/pg.tgz' } }),
  ).toHaveLength(1);
  expect(faults({ 'node_modules/@temporalio/proto/node_modules/protobufjs': { version: '8.8.1' } })).toEqual([
    expect.stringContaining('protobufjs 8 is there 2 times'),
  ]);
  expect(faults({ 'node_modules/x/node_modules/@temporalio/client': { version: '1.24.0' } })).toEqual([
    expect.stringContaining('@temporalio/client is there 2 times'),
  ]);
  expect(faults({ 'node_modules/@temporalio/testing': { version: '1.23.0' } })).toEqual([
    expect.stringContaining('different versions'),
  ]);
  expect(
    faults({ 'node_modules/vite': { version: '8.4.0', optionalDependencies: { 'not-there': '^0.1.0' } } }),
  ).toEqual([expect.stringContaining('node_modules/vite wants not-there')]);
  const { 'node_modules/protobufjs': _, ...without } = GOOD;
  expect(lockFileFaults(without)).toHaveLength(1);
});

test('words that must not stand in the tree are found where they stand', () => {
  // Put together here, because this file is looked at too.
  const machine = ['', 'work', 'main', 'src'].join('/');
  const host = ['registry', 'npmjs', 'org'].join('.');
  const focused = ['test', 'only("x")'].join('.');
  expect(wordFaults('src/a.ts', `one\ntwo ${machine}`)).toEqual(['src/a.ts:2: a path of one machine']);
  expect(wordFaults('README.md', `https://${host}/pg`)).toHaveLength(1);
  expect(wordFaults('test/a.test.ts', focused)).toHaveLength(1);
  expect(
    wordFaults('src/a.ts', 'fetch("https://packages.example.com")', 'packages.example.com'),
  ).toHaveLength(1);
  expect(wordFaults('docs/a.md', 'https://example.com/work/main and context.skip("no Java")')).toEqual([]);
});

test('the lock file of this repository is well', () => {
  const lock: { packages: Parameters<typeof lockFileFaults>[0] } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
  expect(lockFileFaults(lock.packages)).toEqual([]);
});
