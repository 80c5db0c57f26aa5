import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url);

async function runDemo(
  temporary: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('npm', ['run', 'demo'], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
  // a place of its own, so that what it leaves behind is its own; the database's user must be able to pass
  const temporary = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
  chmodSync(temporary, 0o755);
  const { code, output } = await runDemo(temporary);
  expect(code, output).toBe(0);
  expect(output).toContain('24 of 25 done');
  expect(output).toContain('25 of 25 done');
  expect(output).toMatch(/\b25 {2}organizations/);
  expect(output).toMatch(/\b125 {2}invites/);
  expect(output).toContain('Verified: all 10 checks hold.');
  expect(output).toContain('25 unchanged, nothing to do; 0 writes at any system');
  expect(output).toMatch(/7\. A false green[\s\S]*Synced and Healthy[\s\S]*shop-dev {2}proven[\s\S]*8\. /);
  expect(output).toMatch(/8\. That release goes to production[\s\S]*\bDONE\b[\s\S]*9\. /);
  expect(output).toMatch(/9\. The next one[\s\S]*taken back, proven/);
  expect(readdirSync(temporary).filter((name) => name.startsWith('gatehouse-'))).toEqual([]);
  rmSync(temporary, { recursive: true });
}, 480_000);
