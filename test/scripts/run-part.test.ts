import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { runPart } from '../../scripts/run-part.js';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('run-part');
});
afterAll(() => folder?.remove());

const run = (file: string) =>
  runPart(
    {
      name: file,
      paths: [`test/scripts/fixtures/${file}.fixture.ts`],
      atOnce: 1,
      config: 'test/scripts/fixtures/vitest.fixture.config.ts',
      limitMs: 120_000,
    },
    folder.path,
    {},
    'ignore',
  );

test('counts what passed and failed, and keeps why something was not run', async () => {
  const path = 'test/scripts/fixtures/mixed.fixture.ts';
  expect(await run('mixed')).toEqual({
    passed: 1,
    failed: [
      {
        test: `${path} > fails`,
        why: [
          'AssertionError: expected 1 to be 2 // Object.is equality',
          '- Expected',
          '+ Received',
          '- 2',
          '+ 1',
          `at ${path}:4`,
        ],
      },
    ],
    notRun: [
      { test: `${path} > cannot run here`, reason: 'no moon tonight' },
      { test: `${path} > is not written`, reason: 'not written yet' },
    ],
    running: [],
    open: [],
    files: [{ file: path, ms: expect.any(Number), passed: 1 }],
  });
});

test('a test that passes only when it is tried again is a failure', async () => {
  expect(await run('moody')).toMatchObject({
    passed: 1,
    failed: [
      {
        test: 'test/scripts/fixtures/moody.fixture.ts > passes the second time',
        why: [expect.stringContaining('tried again')],
      },
    ],
  });
});

test('a file that cannot be loaded, an error outside of tests and a run without tests are failures', async () => {
  expect((await run('unloadable')).failed).toEqual([
    {
      test: 'test/scripts/fixtures/unloadable.fixture.ts',
      why: ['broken before any test', 'at test/scripts/fixtures/unloadable.fixture.ts:1'],
    },
  ]);
  expect((await run('unhandled')).failed).toEqual([
    {
      test: 'outside of any test',
      why: ['nobody waits for this', 'at test/scripts/fixtures/unhandled.fixture.ts:4'],
    },
  ]);
  expect((await run('absent')).failed).toEqual([{ test: expect.stringContaining('part absent'), why: [] }]);
});

test('a run that is cut short keeps what it came to, and names the test that it was at and the files that did not end', async () => {
  const path = 'test/scripts/fixtures/endless.fixture.ts';
  expect(await run('endless')).toEqual({
    passed: 1,
    failed: [{ test: 'part endless: vitest ended with SIGKILL', why: [`while it ran ${path} > never ends`] }],
    notRun: [{ test: path, reason: 'part endless: vitest ended with SIGKILL before it had ended' }],
    running: [`${path} > never ends`],
    open: [path],
    files: [],
  });
});
