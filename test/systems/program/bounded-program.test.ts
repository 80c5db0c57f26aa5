import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { ProgramError, runProgram } from '../../../src/systems/program/bounded-program.js';
import { isAlive, stubProgram } from './stub-program.js';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('program');
});
afterAll(() => folder.remove());

const LIMITS = { timeoutMs: 30_000, maxOutputBytes: 1024 * 1024 } as const;

async function run(script: string, more: Partial<Parameters<typeof runProgram>[0]> = {}) {
  const program = await stubProgram(folder.path, `stub-${Math.random().toString(36).slice(2)}`, script);
  return runProgram({ program, args: [], cwd: folder.path, env: {}, ...LIMITS, ...more });
}

async function faultOf(answer: Promise<unknown>): Promise<ProgramError> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProgramError) return error;
  throw new Error(`expected a ProgramError, got ${String(error)}`);
}

describe('runProgram', () => {
  it('gives the output, whole and as text', async () => {
    expect(await run('printf "ä\\n"; echo said >&2')).toBe('ä\n');
  });

  it('hands on nothing of its own environment', async () => {
    process.env.GATEHOUSE_TEST_CANARY = 'canary';
    try {
      const env = await run('/usr/bin/env', { env: { ONLY: 'this' } });
      expect(env).toContain('ONLY=this');
      expect(env).not.toContain('canary');
      expect(env).not.toMatch(/^(?:HOME|http_proxy|https_proxy|GOPROXY)=/im);
    } finally {
      delete process.env.GATEHOUSE_TEST_CANARY;
    }
  });

  it('says what went wrong, and keeps the words of the program apart', async () => {
    const error = await faultOf(run('echo password=hunter2 >&2; exit 3'));
    expect(error).toMatchObject({
      fault: 'failed',
      message: 'ended with code 3',
      words: 'password=hunter2\n',
    });
  });

  it.each(['no-such-program', '/no/such/program', '/etc'])(
    'says that %s cannot be started',
    async (program) => {
      const error = await faultOf(runProgram({ program, args: [], cwd: folder.path, env: {}, ...LIMITS }));
      expect(error.fault).toBe('missing');
    },
  );

  it('ends endless output at the limit', async () => {
    const error = await faultOf(
      run('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done', { maxOutputBytes: 4096 }),
    );
    expect(error).toMatchObject({ fault: 'too-much-output', message: 'more than 4 KiB of output' });
  });

  it('ends endless error output at the limit, and keeps little of it', async () => {
    const error = await faultOf(
      run('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done', { maxOutputBytes: 100_000 }),
    );
    expect(error.fault).toBe('too-much-output');
    expect(error.words.length).toBeLessThanOrEqual(16 * 1024);
  });

  it('ends a program that takes too long, with all that it started', async () => {
    const pids = join(folder.path, 'pids');
    const error = await faultOf(
      run(`echo $$ > ${pids}; /bin/sleep 600 & echo $! >> ${pids}; wait`, { timeoutMs: 1_000 }),
    );
    expect(error.fault).toBe('too-slow');
    const started = (await readFile(pids, 'utf8')).trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    await expect
      .poll(async () => (await Promise.all(started.map(isAlive))).includes(true), { interval: 20 })
      .toBe(false);
  });

  it('leaves nothing behind that holds its output open after its end', async () => {
    const pids = join(folder.path, 'pids-of-orphan');
    const error = await faultOf(run(`/bin/sleep 600 & echo $! > ${pids}; exit 0`, { timeoutMs: 1_500 }));
    expect(error.fault).toBe('too-slow');
    const orphan = Number(await readFile(pids, 'utf8'));
    await expect.poll(() => isAlive(orphan), { interval: 20 }).toBe(false);
  });

  it('ends when the caller gives up, before or while it runs', async () => {
    const before = AbortSignal.abort();
    expect((await faultOf(run('echo never', { signal: before }))).fault).toBe('stopped');
    const controller = new AbortController();
    const started = join(folder.path, 'started');
    const answer = faultOf(run(`: > ${started}; /bin/sleep 600`, { signal: controller.signal }));
    await expect
      .poll(
        () =>
          readFile(started).then(
            () => true,
            () => false,
          ),
        { interval: 20 },
      )
      .toBe(true);
    controller.abort();
    expect((await answer).fault).toBe('stopped');
  });
});
