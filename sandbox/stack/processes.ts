import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { entryBundle } from './entry-bundle.js';
import { endedAlready, endWithUs } from './reaper.js';

/** A process could not be started, ended before it was ready, or was not ready in time. The message holds the end of its log. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError';
}

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a readiness check may look at. */
export interface StartingProcess {
  readonly pid: number;
  /** All that this process has written so far, standard output and error together. */
  output(): string;
}

/**
 * Says whether a process is ready: a value when it is, `undefined` when not yet. It is asked again and again until
 * it answers, the process ends, or the time is over. A thrown error means "not yet" too.
 */
export type Readiness<T> = (process: StartingProcess) => Promise<T | undefined> | T | undefined;

export interface ProcessOptions<T> {
  /** Name for messages, e.g. `worker`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the process. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes; what is there already is kept. */
  readonly logFile: string;
  readonly ready: Readiness<T>;
  /** Default 60,000 ms. */
  readonly readyTimeoutMs?: number;
  /** The signal of an orderly end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** How long the orderly end may take before SIGKILL. Default 15,000 ms. */
  readonly stopTimeoutMs?: number;
  /** Run as this user; only root may ask for it. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** How often a readiness check is asked, in milliseconds: short against any start-up, cheap against a busy machine. */
const READY_POLL_MS = 50;
const LOG_TAIL_CHARACTERS = 4000;

/** A child process that was ready at least once. It ends with this process, however this process ends. */
export class RunningProcess<T> {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** What the readiness check found, e.g. an address. */
  readonly found: T;
  /** Settles when the process has ended, for whatever reason; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #stopSignal: NodeJS.Signals;
  readonly #stopTimeoutMs: number;
  readonly #output: () => string;

  constructor(o: {
    name: string;
    pid: number;
    logFile: string;
    found: T;
    ended: Promise<ProcessEnd>;
    stopSignal: NodeJS.Signals;
    stopTimeoutMs: number;
    output: () => string;
  }) {
    this.name = o.name;
    this.pid = o.pid;
    this.logFile = o.logFile;
    this.found = o.found;
    this.ended = o.ended;
    this.#stopSignal = o.stopSignal;
    this.#stopTimeoutMs = o.stopTimeoutMs;
    this.#output = o.output;
  }

  /** All that this process has written so far. */
  output(): string {
    return this.#output();
  }

  /** Sends a signal and returns at once; SIGKILL goes to the whole process group. Wait for `ended` afterwards. */
  kill(signal: NodeJS.Signals): void {
    sendSignal(signal === 'SIGKILL' ? -this.pid : this.pid, signal);
  }

  /** Ends the process in good order, and by SIGKILL when that takes too long. Returns when it has ended. */
  async stop(): Promise<ProcessEnd> {
    this.kill(this.#stopSignal);
    const timer = setTimeout(() => this.kill('SIGKILL'), this.#stopTimeoutMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Starts a program and waits until it is ready.
 * @throws ProcessError when it can't be started, ends before it is ready or is not ready in time (then it is killed)
 */
export async function startProcess<T>(o: ProcessOptions<T>): Promise<RunningProcess<T>> {
  await mkdir(dirname(o.logFile), { recursive: true });
  const log = openSync(o.logFile, 'a');
  const begin = fstatSync(log).size;
  const output = () => readFileSync(o.logFile).subarray(begin).toString('utf8');
  const stopSignal = o.stopSignal ?? 'SIGTERM';
  const child = spawn(o.command, [...o.args], {
    cwd: o.cwd,
    env: o.env ?? process.env,
    stdio: ['ignore', log, log],
    // A group of its own: a Ctrl-C on the terminal reaches us alone, and we end it in order.
    detached: true,
    ...o.user,
  });
  closeSync(log);
  let end: ProcessEnd | undefined;
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal };
      if (child.pid !== undefined) endedAlready(child.pid);
      resolve(end);
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new ProcessError(`${o.name} could not be started: ${error.message}`)),
    );
    child.once('spawn', () => child.pid !== undefined && resolve(child.pid));
  });
  endWithUs(pid, stopSignal);

  const timeoutMs = o.readyTimeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await askReady(o.ready, { pid, output });
    if (found !== undefined) {
      const stopTimeoutMs = o.stopTimeoutMs ?? 15_000;
      return new RunningProcess({
        name: o.name,
        pid,
        logFile: o.logFile,
        found,
        ended,
        stopSignal,
        stopTimeoutMs,
        output,
      });
    }
    if (end !== undefined) {
      throw new ProcessError(
        `${o.name} ended before it was ready (${end.signal ?? `code ${end.code}`}).${tail(output())}`,
      );
    }
    if (Date.now() > deadline) {
      sendSignal(-pid, 'SIGKILL');
      throw new ProcessError(`${o.name} was not ready after ${timeoutMs / 1000} s.${tail(output())}`);
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** Options of `startTypeScript`: those of a process, with an entry file in place of the command. */
export type TypeScriptOptions<T> = Omit<ProcessOptions<T>, 'command' | 'args'> & {
  /** Absolute path of the TypeScript file. */
  readonly entry: string;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
};

/** Starts a TypeScript file in Node itself (no npx, no shell between), so that a signal reaches the real process. */
export async function startTypeScript<T>(o: TypeScriptOptions<T>): Promise<RunningProcess<T>> {
  const args = ['--enable-source-maps', ...(o.nodeArgs ?? []), await entryBundle(o.entry), ...(o.args ?? [])];
  return startProcess({ ...o, command: process.execPath, args });
}

/** Ready when a line of output is a JSON object for which `pick` gives a value. */
export function jsonLine<T>(pick: (line: Readonly<Record<string, unknown>>) => T | undefined): Readiness<T> {
  return ({ output }) => {
    for (const line of output().split('\n')) {
      if (!line.startsWith('{')) continue;
      const value = parseObject(line);
      const found = value && pick(value);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Ready when a line of output matches; gives the match. */
export function outputMatches(pattern: RegExp): Readiness<RegExpExecArray> {
  return ({ output }) => pattern.exec(output()) ?? undefined;
}

/** Ready when the file holds a whole JSON object; gives it. Remove an old file before the start. */
export function jsonFile(path: string): Readiness<Readonly<Record<string, unknown>>> {
  return async () => parseObject(await readFile(path, 'utf8'));
}

/** Ready when a GET on the address answers with a status of 200 to 299. */
export function answersOk(url: string): Readiness<true> {
  return async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await answer.body?.cancel();
    return answer.ok ? true : undefined;
  };
}

async function askReady<T>(ready: Readiness<T>, process: StartingProcess): Promise<T | undefined> {
  try {
    return await ready(process);
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}

function tail(output: string): string {
  const text = output.trim().slice(-LOG_TAIL_CHARACTERS);
  return text === '' ? ' It wrote nothing.' : ` The end of its output:\n${text}`;
}
