import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url);

interface Demo {
  readonly code: number | null;
  readonly output: string;
  /** what the command line printed that the demo names at its end */
  readonly after: string;
}

/** Runs the demo to its end, follows its last hint, and ends it as a person does. */
async function runDemo(temporary: string): Promise<Demo> {
  const child = spawn('npm', ['run', 'demo', '--', '--keep'], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let output = '';
  const running = new Promise<void>((resolve) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('Everything is still running')) resolve();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
  });
  await Promise.race([running, closed]);
  const [, hint = 'false'] = /the command line (.*?) {3}/.exec(output) ?? [];
  const after = spawnSync('sh', ['-c', hint], { cwd: root, encoding: 'utf8' });
  // Ctrl-C goes to all processes of the terminal
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
  return { code: await closed, output, after: after.stdout + after.stderr };
}

it('the demo onboards 25 clusters, retries one, proves it, and does nothing the second time', async () => {
  // a place of its own, so that what it leaves behind is its own; the database's user must be able to pass
  const temporary = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
  chmodSync(temporary, 0o755);
  const { code, output, after } = await runDemo(temporary);
  expect(output).toContain('Done in');
  expect(after).toMatch(/^req-\w+ +DONE +otterize into 25 clusters of the fleet otterize/m);
  // npm passes the signal on, and ends by it too
  expect([130, null], output).toContain(code);
  expect(output).toContain('24 of 25 done');
  expect(output).toContain('25 of 25 done');
  expect(output).toMatch(/\b25 {2}organizations/);
  expect(output).toMatch(/\b125 {2}invites/);
  expect(output).toMatch(/\b50 {2}secrets \(and 1 that its owner recovered\)/);
  expect(output).toMatch(/Verified as of entry \d+ \(.*Z\): all 10 checks hold\./);
  expect(output).toContain('25 unchanged, nothing to do; 0 writes at any system');
  expect(output).toMatch(/7\. A false green[\s\S]*Synced and Healthy[\s\S]*shop-dev {2}proven[\s\S]*8\. /);
  expect(output).toMatch(/8\. That release goes to production[\s\S]*\bDONE\b[\s\S]*9\. /);
  expect(output).toMatch(/9\. The next one[\s\S]*taken back, proven/);
  // Ctrl-C is no excuse to leave anything behind
  expect(readdirSync(temporary).filter((name) => name.startsWith('gatehouse-'))).toEqual([]);
  rmSync(temporary, { recursive: true });
}, 480_000);
