/** Runs a program of somebody else on input that nobody vouches for: no shell, no environment, bounded in time and output. */
import { spawn } from 'node:child_process';
import { isAbsolute } from 'node:path';

export interface ProgramCall {
  /** absolute path: nothing is looked up on a PATH */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** the whole environment of the program; nothing is inherited */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** bytes of output that are borne, and of error output that are kept */
  readonly maxOutputBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export type ProgramFault =
  /** it is not there, or is no program */
  | 'missing'
  /** it ended by itself, with another code than 0 */
  | 'failed'
  | 'too-slow'
  | 'too-much-output'
  /** ended from outside: by the caller's signal or by the operating system */
  | 'stopped';

/** A program did not give its answer. `words` are the first bytes of its error output: not fit for people as they are. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly fault: ProgramFault;
  readonly words: string;

  constructor(fault: ProgramFault, message: string, words = '') {
    super(message);
    this.fault = fault;
    this.words = words;
  }
}

/** Kept of the error output. */
const MAX_WORDS_BYTES = 16 * 1024;

/**
 * Runs the program to its end in a process group of its own, which is killed as a whole when time or output run out.
 * @returns its standard output as text
 * @throws ProgramError
 */
export async function runProgram(call: ProgramCall): Promise<string> {
  if (!isAbsolute(call.program)) {
    throw new ProgramError('missing', `${call.program} is not an absolute path`);
  }
  if (call.signal?.aborted === true) throw new ProgramError('stopped', 'stopped before it began');
  return new Promise((resolve, reject) => {
    const child = spawn(call.program, [...call.args], {
      cwd: call.cwd,
      env: { ...call.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const out: Buffer[] = [];
    const words: Buffer[] = [];
    let outBytes = 0;
    let wordBytes = 0;
    let fault: ProgramFault | undefined;
    const end = (reason: ProgramFault) => {
      fault ??= reason;
      killGroup(child.pid);
      // a grandchild that left the group may hold the pipes: nobody waits for it
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end('too-slow'), call.timeoutMs);
    const stop = () => end('stopped');
    call.signal?.addEventListener('abort', stop, { once: true });
    const settle = () => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', stop);
      killGroup(child.pid);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      outBytes += chunk.length;
      if (outBytes > call.maxOutputBytes) end('too-much-output');
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (wordBytes < MAX_WORDS_BYTES) words.push(chunk.subarray(0, MAX_WORDS_BYTES - wordBytes));
      wordBytes += chunk.length;
      if (wordBytes > call.maxOutputBytes) end('too-much-output');
    });
    child.once('error', () => {
      settle();
      reject(new ProgramError('missing', `${call.program} cannot be started`));
    });
    child.once('close', (code, signal) => {
      settle();
      const said = Buffer.concat(words).toString('utf8');
      if (fault === undefined && code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else if (fault !== undefined) reject(new ProgramError(fault, describe(fault, call), said));
      else if (signal !== null) reject(new ProgramError('stopped', `ended by ${signal}`, said));
      else reject(new ProgramError('failed', `ended with code ${code}`, said));
    });
  });
}

function describe(fault: ProgramFault, call: ProgramCall): string {
  if (fault === 'too-slow') return `not done after ${call.timeoutMs / 1000} s`;
  if (fault === 'too-much-output') return `more than ${Math.round(call.maxOutputBytes / 1024)} KiB of output`;
  return 'stopped';
}

/** A program that has ended leaves the number of its group free, so it is only used while we wait for it or just after. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the group is gone
  }
}
