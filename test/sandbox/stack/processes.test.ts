import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonLine, ProcessError, startProcess, startTypeScript } from '../../../sandbox/stack/processes.js';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';

const program = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const pids = jsonLine(({ pid, child }) =>
  typeof pid === 'number' && typeof child === 'number' ? { pid, child } : undefined,
);
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder('processes');
});
afterAll(() => folder?.remove());

/** A killed orphan may stay in the table as a zombie (Z) for as long as process 1 doesn't collect it. */
function lives(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

test('the process that is signalled is the real one, and it may end in order', async () => {
  const running = await startTypeScript({
    name: 'ready',
    entry: program('ready.ts'),
    logFile: join(folder.path, 'order.log'),
    ready: pids,
  });
  expect(running.found.pid).toBe(running.pid);
  expect(await running.stop()).toEqual({ code: 0, signal: null });
  expect(running.output()).toContain('ending in order');
});

test('SIGKILL takes its children along', async () => {
  const running = await startTypeScript({
    name: 'ready',
    entry: program('ready.ts'),
    logFile: join(folder.path, 'kill.log'),
    ready: pids,
  });
  expect(lives(running.found.child)).toBe(true);
  running.kill('SIGKILL');
  expect(await running.ended).toEqual({ code: null, signal: 'SIGKILL' });
  await expect.poll(() => lives(running.found.child)).toBe(false);
});

test('a process that ends too early, is not there or is never ready gives an error that says why', async () => {
  const start = (command: string, args: string[]) =>
    startProcess({
      name: 'thing',
      command,
      args,
      logFile: join(folder.path, 'error.log'),
      ready: () => undefined,
      readyTimeoutMs: 300,
    });
  const early = start('sh', ['-c', 'echo the disk is full; exit 3']);
  await expect(early).rejects.toThrow(ProcessError);
  await expect(early).rejects.toThrow(/thing ended before it was ready \(code 3\)[\s\S]*the disk is full/);
  await expect(start('no-such-program', [])).rejects.toThrow(/thing could not be started.*ENOENT/);
  await expect(start('sleep', ['600'])).rejects.toThrow(/not ready after 0.3 s/);
});

test('when the parent is killed by SIGKILL, nothing of it stays: no process, no folder', async () => {
  const parent = await startTypeScript({
    name: 'parent',
    entry: program('parent.ts'),
    logFile: join(folder.path, 'parent.log'),
    ready: jsonLine(({ pid, child, folder }) =>
      typeof pid === 'number' && typeof child === 'number' && typeof folder === 'string'
        ? { pid, child, folder }
        : undefined,
    ),
  });
  const { pid, child, folder: its } = parent.found;
  expect([lives(pid), lives(child), existsSync(its)]).toEqual([true, true, true]);
  process.kill(parent.pid, 'SIGKILL');
  await parent.ended;
  await expect
    .poll(() => [lives(pid), lives(child), existsSync(its)], { timeout: 20_000 })
    .toEqual([false, false, false]);
});
