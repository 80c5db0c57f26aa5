import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * The parent's side of `reaper-process.mjs`: a small process that ends our child processes and removes our temporary
 * folders when this process is gone, even by SIGKILL. Started at the first use, one per process.
 */
let reaper: ChildProcess | undefined;

function tell(message: readonly (string | number)[]): void {
  if (reaper === undefined || reaper.exitCode !== null || reaper.signalCode !== null) {
    reaper = spawn(process.execPath, [fileURLToPath(new URL('./reaper-process.mjs', import.meta.url))], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
    });
    reaper.unref();
    // A pipe of a child keeps the event loop alive, and this one must not. Its type has no `unref`, the socket has.
    const pipe: unknown = reaper.stdin;
    if (hasUnref(pipe)) pipe.unref();
  }
  reaper.stdin?.write(`${JSON.stringify(message)}\n`);
}

function hasUnref(value: unknown): value is { unref(): void } {
  return typeof value === 'object' && value !== null && 'unref' in value && typeof value.unref === 'function';
}

/** End process `pid` (leader of its own group) by `signal`, then SIGKILL, when this process is gone. */
export function endWithUs(pid: number, signal: NodeJS.Signals): void {
  tell(['watch', pid, signal]);
}

/** Process `pid` has ended: its number may be another's soon. */
export function endedAlready(pid: number): void {
  tell(['forget', pid]);
}

/** Remove `folder` when this process is gone. */
export function removeWithUs(folder: string): void {
  tell(['remove', folder]);
}

/** `folder` is removed already, or is to be kept after all. */
export function keepFolder(folder: string): void {
  tell(['keep', folder]);
}
