import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { OtterizeState } from '../../../sandbox/otterize/state.js';
import { readWorld } from '../../../sandbox/world.js';

/** a process start with the compiler in it, on a busy machine */
const START_MS = 60_000;

let folder: string;
const processes: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-main-'));
});
afterEach(async () => {
  for (const child of processes.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

function run(script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.push(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; error: string }> {
  let error = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    error += chunk.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, error };
}

async function makeWorldFile(): Promise<string> {
  const file = path.join(folder, 'world.json');
  expect(await ended(run('sandbox/make-world.ts', '--clusters', '2', file))).toMatchObject({ code: 0 });
  return file;
}

async function start(
  world: string,
  ...more: string[]
): Promise<{ child: ChildProcess; addresses: Record<string, string> }> {
  const portFile = path.join(folder, 'ports.json');
  rmSync(portFile, { force: true });
  const child = run(
    'sandbox/main.ts',
    '--state',
    path.join(folder, 'state'),
    '--world',
    world,
    '--only',
    'otterize',
    '--port-file',
    portFile,
    ...more,
  );
  await vi.waitFor(() => expect(existsSync(portFile)).toBe(true), { timeout: START_MS, interval: 50 });
  const addresses = Value.Parse(
    Type.Record(Type.String(), Type.String()),
    JSON.parse(readFileSync(portFile, 'utf8')),
  );
  return { child, addresses };
}

describe('a sandbox of its own', () => {
  it(
    'loses nothing it answered when it is killed, and goes on at the same port',
    async () => {
      const worldFile = await makeWorldFile();
      expect(statSync(worldFile).mode & 0o077).toBe(0);
      const token = readWorld(worldFile).otterize.users[0]?.token ?? '';
      const first = await start(worldFile);
      const origin = first.addresses.otterize ?? '';
      const create = (name: string) =>
        fetch(`${origin}/api/rest/v1beta/organizations`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ name }),
        }).then(
          (answer) => (answer.ok ? [name] : []),
          () => [],
        );
      // a crowd of calls, killed while some are answered and some are not
      const calls = Array.from({ length: 200 }, (_, n) => create(`harbour-${n}`));
      await Promise.race(calls);
      first.child.kill('SIGKILL');
      await once(first.child, 'exit');
      const answered = (await Promise.all(calls)).flat();
      expect(answered.length).toBeGreaterThan(0);

      const second = await start(
        worldFile,
        '--ports',
        JSON.stringify({ otterize: Number(new URL(origin).port) }),
      );
      expect(second.addresses.otterize).toBe(origin);
      const control = new ControlClient(origin);
      const { organizations } = await control.objects(OtterizeState);
      const kept = organizations.map((organization) => organization.name);
      expect(kept).toEqual(expect.arrayContaining(answered));
      const effects = (await control.events()).filter((event) => event.effect === 'created');
      expect(effects.map((event) => event.object).sort()).toEqual(
        kept.map((name) => `organization ${name}`).sort(),
      );
    },
    3 * START_MS,
  );

  it(
    'ends cleanly on SIGTERM, also with a request held',
    async () => {
      const { child, addresses } = await start(await makeWorldFile());
      const control = new ControlClient(addresses.otterize ?? '');
      await control.addFault({ id: 'h', match: {}, when: 'before', kind: 'hold' });
      const request = fetch(`${addresses.otterize}/api/rest/v1beta/ping`).catch(() => 'cut');
      await vi.waitFor(async () => expect(await control.held()).toHaveLength(1));
      const end = ended(child);
      child.kill('SIGTERM');
      expect(await end).toEqual({ code: 0, error: '' });
      await request;
    },
    3 * START_MS,
  );
});

describe('wrong use', () => {
  it.each([
    [['--world', 'x'], 'usage:'],
    [['--state', 'STATE', '--world', 'package.json'], 'package.json is no world file'],
    [['--state', 'STATE', '--world', 'WORLD', '--only', 'oracle'], 'no stand-in called oracle'],
    [['--state', 'STATE', '--world', 'WORLD', '--ports', '{"otterize":"x"}'], '--ports'],
  ])(
    '%j says what is wrong',
    async (args, message) => {
      const world = args.includes('WORLD') ? await makeWorldFile() : '';
      const given = args.map((arg) =>
        arg === 'STATE' ? path.join(folder, 'state') : arg === 'WORLD' ? world : arg,
      );
      const { code, error } = await ended(run('sandbox/main.ts', ...given));
      expect([code, error]).toEqual([1, expect.stringContaining(message)]);
      expect(error).not.toMatch(/\n\s+at /);
    },
    2 * START_MS,
  );
});
