import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { GitFailed, gitEnvironment } from './git-process.js';

/** An object as git gives it. */
export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Buffer;
}

interface Question {
  readonly name: string;
  readonly resolve: (object: GitObject | null) => void;
  readonly reject: (error: Error) => void;
}

/** A reader that nobody asks ends after this long, in milliseconds. */
const IDLE_MS = 500;
const ARGUMENTS = ['cat-file', '--batch'];

/**
 * Reads objects of one repository through one long-lived `git cat-file --batch`. Starting a process blocks this one for
 * about 9 ms (measured at 230 MB), and a commit through the API took seven of them.
 */
export class ObjectReader {
  static readonly #readers = new Map<string, ObjectReader>();
  readonly #directory: string;
  readonly #waiting: Question[] = [];
  #process: ChildProcessWithoutNullStreams | null = null;
  #received: Buffer = Buffer.alloc(0);
  #complaint = '';
  #idle: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** The reader of a repository; the same for all who ask in this process. */
  static of(directory: string): ObjectReader {
    const known = ObjectReader.#readers.get(directory);
    if (known !== undefined) return known;
    const made = new ObjectReader(directory);
    ObjectReader.#readers.set(directory, made);
    return made;
  }

  /**
   * @param name what git calls an object name, e.g. `refs/heads/main^{commit}` or `<commit>:folder/file`
   * @returns null when there is no such object, or more than one
   * @throws GitFailed when there is no such repository
   */
  read(name: string): Promise<GitObject | null> {
    // a line is a name: what holds a line break names nothing
    if (name === '' || /[\n\0]/.test(name)) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, resolve, reject });
      this.#running().stdin.write(`${name}\n`);
    });
  }

  #running(): ChildProcessWithoutNullStreams {
    clearTimeout(this.#idle);
    if (this.#process !== null) return this.#process;
    const child = spawn('git', ['--git-dir', this.#directory, ...ARGUMENTS], { env: gitEnvironment() });
    this.#process = child;
    this.#received = Buffer.alloc(0);
    this.#complaint = '';
    child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString();
    });
    // it may end before it has read a name; its exit code tells why
    child.stdin.on('error', () => undefined);
    child.on('error', () => this.#ended(child, null));
    child.on('close', (exitCode) => this.#ended(child, exitCode));
    return child;
  }

  #ended(child: ChildProcessWithoutNullStreams, exitCode: number | null): void {
    if (this.#process !== child) return;
    this.#process = null;
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new GitFailed(ARGUMENTS, exitCode, this.#complaint));
    }
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    for (let answer = this.#nextAnswer(); answer !== undefined; answer = this.#nextAnswer()) {
      this.#waiting.shift()?.resolve(answer);
    }
    if (this.#waiting.length === 0) this.#endWhenIdle();
  }

  /** The first whole answer of what was received, taken off it; undefined while it is not whole. */
  #nextAnswer(): GitObject | null | undefined {
    const end = this.#received.indexOf(10);
    if (end < 0) return undefined;
    const line = this.#received.subarray(0, end).toString();
    const [, id, type, size] = /^([0-9a-f]{40}) (\w+) (\d+)$/.exec(line) ?? [];
    if (id === undefined || type === undefined) {
      this.#received = this.#received.subarray(end + 1);
      return null;
    }
    const from = end + 1;
    const to = from + Number(size);
    if (this.#received.length < to + 1) return undefined;
    const content = Buffer.from(this.#received.subarray(from, to));
    this.#received = this.#received.subarray(to + 1);
    return { id, type, content };
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const child = this.#process;
      this.#process = null;
      child?.stdin.end();
    }, IDLE_MS);
    this.#idle.unref();
  }
}
