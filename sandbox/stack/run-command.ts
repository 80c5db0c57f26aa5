import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A command ended with another code than 0, by a signal, was too slow, or isn't there. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** The code of the operating system when the program could not be started, e.g. `ENOENT`. */
  readonly systemCode: string | undefined;

  constructor(message: string, systemCode?: string) {
    super(message);
    this.systemCode = systemCode;
  }
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Killed after this time. Default: no limit. */
  readonly timeoutMs?: number;
  /** Killed when this is aborted. */
  readonly signal?: AbortSignal;
  /** Every line of output and error, as it comes. */
  readonly onLine?: (line: string) => void;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Lines of error output that a message repeats. */
const ERROR_LINES = 20;

/**
 * Runs a program to its end, without a shell.
 * @returns its standard output
 * @throws CommandError with the last lines it wrote
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  o: CommandOptions = {},
): Promise<string> {
  const shown = `${command} ${args.join(' ')}`;
  const child = spawn(command, [...args], {
    cwd: o.cwd,
    env: o.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...o.user,
  });
  // Not the option of `spawn`: its timer stays when the program isn't there, and keeps us alive.
  const timer = o.timeoutMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), o.timeoutMs);
  const abort = () => child.kill('SIGKILL');
  o.signal?.addEventListener('abort', abort, { once: true });
  const settle = () => {
    clearTimeout(timer);
    o.signal?.removeEventListener('abort', abort);
  };
  const out: string[] = [];
  const last: string[] = [];
  const note = (line: string) => {
    last.push(line);
    if (last.length > ERROR_LINES) last.shift();
    o.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    out.push(line);
    note(line);
  });
  createInterface({ input: child.stderr }).on('line', note);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      settle();
      const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
      reject(new CommandError(`${shown}: ${error.message}`, code));
    });
    child.once('close', (code, signal) => {
      settle();
      if (code === 0) resolve(out.join('\n'));
      else reject(new CommandError(`${shown} ended with ${signal ?? `code ${code}`}:\n${last.join('\n')}`));
    });
  });
}
