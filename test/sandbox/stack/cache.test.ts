import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { alone, cacheFolder } from '../../../sandbox/stack/cache.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('cache');
  vi.stubEnv('GATEHOUSE_CACHE', folder.path);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await folder?.remove();
});

test('work of one name is done by one at a time, and a waiting one is told', async () => {
  let inside = 0;
  let most = 0;
  let waited = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 50));
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(() => alone('build', work, () => (waited += 1))));
  expect(most).toBe(1);
  expect(waited).toBe(2);
});

test('the lock of a process that is gone does not hold anybody up', async () => {
  await mkdir(cacheFolder('locks', 'left'), { recursive: true });
  const noSuchPid = 2 ** 22 + 1;
  await writeFile(cacheFolder('locks', 'left', 'beat'), `${noSuchPid}\n`);
  expect(await alone('left', async () => 'done')).toBe('done');
});

test('work that fails gives the lock back', async () => {
  await expect(alone('failing', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await alone('failing', async () => 'done')).toBe('done');
});
