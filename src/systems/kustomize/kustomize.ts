/** kustomize, run on files that nobody vouches for: nothing is fetched, no plugin runs, nothing outside of the files is read. */
import { join } from 'node:path';
import { SystemError } from '../../domain/failure.js';
import { type FileSet, isRepositoryPath } from '../../domain/file-set.js';
import { troubleOf } from '../http/trouble.js';
import { ProgramError, type ProgramFault, runProgram } from '../program/bounded-program.js';
import { inPrivateFolder, LayoutError, layOut } from '../program/private-folder.js';
import { wordsOf } from '../program/words.js';
import type { KustomizationFault } from './kustomization-file.js';
import { type FileReach, kustomizationTree } from './kustomization-tree.js';

export interface KustomizeOptions {
  /** absolute path of kustomize 5 */
  readonly program: string;
  /** milliseconds for one build; default 60,000 */
  readonly timeoutMs?: number;
  /** bytes of rendered text; default 4 MiB */
  readonly maxOutputBytes?: number;
}

/** An overlay of 500 objects builds in under a second: only a busy machine or a hostile input comes near it. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** What kustomize gets to read at most. */
const MAX_FILES = 5_000;
const MAX_INPUT_BYTES = 32 * 1024 * 1024;

/** Its heap stays near this: Go collects harder instead of growing. */
const MEMORY = '512MiB';

export class Kustomize {
  readonly #program: string;
  readonly #timeoutMs: number;
  readonly #maxOutputBytes: number;

  constructor(options: KustomizeOptions) {
    this.#program = options.program;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxOutputBytes = options.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  }

  /**
   * Renders a directory that has a kustomization.
   * @param files the repository, or at least everything below the directory and its bases; only what the kustomization
   *   names is given to kustomize
   * @param directory without a `/` at its end; empty for the root
   * @param reach whether single files may be named that stand outside of a kustomization's directory: as Argo CD (default)
   *   or as Flux has it
   * @returns YAML documents
   * @throws SystemError kind `invalid`, its `code` that of the first `KustomizationFault` or `too-slow`,
   *   `too-much-output`, `failed`; and the caller's own abort reason
   */
  async build(
    files: FileSet,
    directory: string,
    options: { readonly reach?: FileReach; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<string> {
    const reach = options.reach ?? 'directory';
    if (directory !== '' && !isRepositoryPath(directory)) {
      throw refusal(directory, 'outside', 'not a path in the repository', 'Correct the path of the place.');
    }
    const tree = kustomizationTree(files, directory, reach);
    const fault = tree.faults[0];
    if (fault !== undefined) throw refusalOf(fault, tree.faults.length - 1);
    const read = new Map(tree.files.map((path) => [path, files.get(path) ?? '']));
    refuseTooMuch(read, directory);
    return inPrivateFolder('kustomize', async (folder) => {
      try {
        await layOut(join(folder, 'repository'), read);
        return await runProgram({
          program: this.#program,
          args: ['build', '--load-restrictor', RESTRICTORS[reach], join(folder, 'repository', directory)],
          cwd: folder,
          env: { HOME: folder, TMPDIR: folder, GOMEMLIMIT: MEMORY },
          timeoutMs: this.#timeoutMs,
          maxOutputBytes: this.#maxOutputBytes,
          signal: options.signal,
        });
      } catch (error) {
        if (options.signal?.aborted === true) throw options.signal.reason;
        if (error instanceof LayoutError) {
          throw refusal(error.path, 'unreadable', error.message, 'Rename the file.');
        }
        if (error instanceof ProgramError) throw troubleFrom(error, directory, folder, read);
        throw error;
      }
    });
  }
}

/** For `repository` our own walk is the fence: it has refused whatever leads out of the files. */
const RESTRICTORS: Readonly<Record<FileReach, string>> = {
  directory: 'LoadRestrictionsRootOnly',
  repository: 'LoadRestrictionsNone',
};

function refuseTooMuch(read: FileSet, directory: string): void {
  let bytes = 0;
  for (const text of read.values()) bytes += Buffer.byteLength(text, 'utf8');
  if (read.size <= MAX_FILES && bytes <= MAX_INPUT_BYTES) return;
  const message = `it reads ${read.size} files of ${Math.ceil(bytes / 1024)} KiB; allowed are ${MAX_FILES} and ${MAX_INPUT_BYTES / 1024}`;
  throw refusal(directory, 'too-large', message, 'Split the place into several.');
}

function refusalOf(fault: KustomizationFault, others: number): SystemError {
  const more = others === 0 ? '' : ` (and ${others} more faults)`;
  return refusal(fault.file, fault.code, `${fault.message}${more}`, fault.remedy);
}

function refusal(object: string, code: string, message: string, remedy: string): SystemError {
  return new SystemError(
    troubleOf({ system: 'kustomize', operation: 'build', object }, 'invalid', message, { code, remedy }),
  );
}

const REMEDIES: Readonly<Record<ProgramFault, string>> = {
  missing:
    'Install kustomize 5 on the machine of the worker and name it, with its whole path, in systems.kustomize.program of the installation.',
  failed: 'Run kustomize build on this directory at this commit, and correct what it says.',
  'too-slow': 'Run kustomize build on this directory by hand; split the place if it is honestly this large.',
  'too-much-output': 'Split the place into several.',
  stopped: 'Nothing to do: it is run again. If it lasts, look at the memory of the machine.',
};

function troubleFrom(error: ProgramError, directory: string, folder: string, read: FileSet): SystemError {
  const subject = { system: 'kustomize', operation: 'build', object: directory } as const;
  const kind = error.fault === 'stopped' ? 'unavailable' : 'invalid';
  const words = wordsOf(error, folder, [...read.values()]);
  const message = words === '' ? error.message : `${error.message}: ${words}`;
  return new SystemError(
    troubleOf(subject, kind, message, { code: error.fault, remedy: REMEDIES[error.fault] }),
  );
}
