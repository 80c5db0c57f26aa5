import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { gitEnvironment } from './git-process.js';

/** An updater that nobody asks ends after this long, in milliseconds. */
const IDLE_MS = 500;
const NOTHING = '0'.repeat(40);

interface Wish {
  readonly command: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Git did not update a reference: mostly because it is not what it was expected to be. */
export class RefNotUpdated extends Error {
  override readonly name = 'RefNotUpdated';
}

/**
 * Moves references of one repository through one long-lived `git update-ref --stdin`, one transaction after the other.
 * Git takes its own locks, so pushes that run beside it are safe.
 */
export class RefUpdater {
  static readonly #updaters = new Map<string, RefUpdater>();
  readonly #directory: string;
  readonly #waiting: Wish[] = [];
  #process: ChildProcessWithoutNullStreams | null = null;
  #current: Wish | null = null;
  #said = '';
  #complaint = '';
  #idle: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** The updater of a repository; the same for all who ask in this process. */
  static of(directory: string): RefUpdater {
    const known = RefUpdater.#updaters.get(directory);
    if (known !== undefined) return known;
    const made = new RefUpdater(directory);
    RefUpdater.#updaters.set(directory, made);
    return made;
  }

  /**
   * Moves, makes (`from` null) or removes (`to` null) a reference that is still at `from`.
   * @param name whole name, e.g. `refs/heads/main`
   * @throws RefNotUpdated
   */
  async update(name: string, to: string | null, from: string | null): Promise<void> {
    if (/[\s\0]/.test(name)) throw new RefNotUpdated(`not a name of a reference: ${JSON.stringify(name)}`);
    const change =
      to === null ? `delete ${name} ${from ?? NOTHING}` : `update ${name} ${to} ${from ?? NOTHING}`;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command: `start\n${change}\nprepare\ncommit\n`, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== null) return;
    clearTimeout(this.#idle);
    const wish = this.#waiting.shift();
    if (wish === undefined) {
      this.#endWhenIdle();
      return;
    }
    this.#current = wish;
    this.#running().stdin.write(wish.command);
  }

  #running(): ChildProcessWithoutNullStreams {
    if (this.#process !== null) return this.#process;
    const child = spawn('git', ['--git-dir', this.#directory, 'update-ref', '--stdin'], {
      env: gitEnvironment(),
    });
    this.#process = child;
    this.#said = '';
    this.#complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
      if (!this.#said.includes('commit: ok\n')) return;
      this.#said = '';
      this.#current?.resolve();
      this.#current = null;
      this.#next();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString();
    });
    // it ends at the first transaction that fails; what it wrote on standard error says why
    child.stdin.on('error', () => undefined);
    child.on('error', () => this.#ended(child));
    child.on('close', () => this.#ended(child));
    return child;
  }

  #ended(child: ChildProcessWithoutNullStreams): void {
    if (this.#process !== child) return;
    this.#process = null;
    this.#current?.reject(new RefNotUpdated(this.#complaint.trim()));
    this.#current = null;
    this.#next();
  }

  #endWhenIdle(): void {
    this.#idle = setTimeout(() => {
      const child = this.#process;
      this.#process = null;
      child?.stdin.end();
    }, IDLE_MS);
    this.#idle.unref();
  }
}
