/** Runs the command as users do: a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Output } from '../../src/cli/output/output.js';
import type { Session } from '../../src/cli/session.js';

export const BIN = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** the JSON documents of stdout, one a line */
  readonly documents: () => unknown[];
}

/** A folder of this test file's own, and the command run in it. */
export class CliFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));

  /** Writes a file. @returns its path */
  file(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Nothing of the caller's environment reaches the command but PATH. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [BIN, ...args], {
        cwd: this.path,
        env: { PATH: process.env.PATH ?? '', HOME: this.path, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.once('error', reject);
      child.once('close', (code) =>
        resolve({
          code,
          stdout,
          stderr,
          documents: () =>
            stdout
              .trim()
              .split('\n')
              .map((line): unknown => JSON.parse(line)),
        }),
      );
    });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = 100;
  readonly rows = 30;
}

export interface FakeTerminal {
  readonly session: Session;
  /** what the person sees, stdout and stderr in their order */
  readonly seen: () => string;
  /** resolves once the text was seen */
  readonly until: (text: string) => Promise<void>;
  readonly type: (line: string) => void;
  readonly interrupt: () => void;
}

/** A person at a terminal: there is no portable way to give a child process one. */
export function terminal(env: Readonly<Record<string, string>>): FakeTerminal {
  const [stdin, stdout, stderr] = [new Terminal(), new Terminal(), new Terminal()];
  const ends = new AbortController();
  let text = '';
  const waiting = new Set<() => void>();
  for (const stream of [stdout, stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      for (const look of waiting) look();
    });
  }
  return {
    session: {
      env,
      output: new Output({ stdin, stdout, stderr }, false, env),
      signal: ends.signal,
      now: Date.now,
    },
    seen: () => text,
    until: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!text.includes(wanted)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    type: (line) => stdin.write(`${line}\n`),
    interrupt: () => ends.abort(),
  };
}
