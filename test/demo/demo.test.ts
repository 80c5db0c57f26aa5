import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url);

/** Folders that stacks leave while they run; the demo's own must be gone at its end. */
function stackFolders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('gatehouse-stack-'));
}

async function runDemo(): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('npm', ['run', 'demo'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

it('the demo onboards 25 clusters, retries one, proves it, and does nothing the second time', async () => {
  const before = stackFolders();
  const { code, output } = await runDemo();
  expect(code, output).toBe(0);
  expect(output).toContain('24 of 25 done');
  expect(output).toContain('25 of 25 done');
  expect(output).toMatch(/\b25 {2}organizations/);
  expect(output).toMatch(/\b125 {2}invites/);
  expect(output).toContain('Verified: all 10 checks hold.');
  expect(output).toContain('25 unchanged, nothing to do; 0 writes at any system');
  expect(stackFolders().filter((name) => !before.includes(name))).toEqual([]);
}, 300_000);
