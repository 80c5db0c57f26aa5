import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone, cacheFolder } from './cache.js';
import { progress } from './progress.js';
import { CommandError, runCommand } from './run-command.js';

/** A program could not be built. The message says what to do. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

export interface GoProgram {
  /** File name of the binary. */
  readonly name: string;
  /** Folder under `third_party/builds` with the pinned `go.mod` and `go.sum`. */
  readonly recipe: string;
  /** The Go package with `main`. */
  readonly packagePath: string;
  readonly ldflags?: string;
  /** Says whether a binary without a stamp was made from this recipe, e.g. by its version. Default: never. */
  readonly recognise?: (binary: string, goMod: string) => Promise<boolean>;
}

const RECIPES = fileURLToPath(new URL('../../third_party/builds/', import.meta.url));

/** The binary when it is in the cache and was built from the recipe as it is now. */
export async function builtGoProgram(program: GoProgram): Promise<string | undefined> {
  const binary = cacheFolder('bin', program.name);
  const wanted = await stampOf(program);
  const stamp = await readFile(`${binary}.stamp`, 'utf8').catch(() => undefined);
  if (stamp === wanted) return (await exists(binary)) ? binary : undefined;
  if (stamp !== undefined || program.recognise === undefined || !(await exists(binary))) return undefined;
  const goMod = await readFile(join(RECIPES, program.recipe, 'go.mod'), 'utf8');
  if (!(await program.recognise(binary, goMod))) return undefined;
  await writeFile(`${binary}.stamp`, wanted);
  return binary;
}

/**
 * The binary from the cache, or built into it: once, whatever the number of processes that ask, with progress shown.
 * A change of the pinned versions builds anew.
 * @param signal ends the build when aborted; what is compiled stays in Go's cache, so that the next one goes on from there
 * @throws BuildError
 */
export async function buildGoProgram(program: GoProgram, signal?: AbortSignal): Promise<string> {
  const there = await builtGoProgram(program);
  if (there !== undefined) return there;
  const wait = () => process.stderr.write(`Another process is building ${program.name}: waiting for it\n`);
  return alone(
    `build-${program.name}`,
    async () => (await builtGoProgram(program)) ?? (await build(program, signal)),
    wait,
  );
}

async function build(program: GoProgram, signal: AbortSignal | undefined): Promise<string> {
  signal?.throwIfAborted();
  const binary = cacheFolder('bin', program.name);
  await mkdir(dirname(binary), { recursive: true });
  const show = progress(`Building ${program.name} (once; kept in ${dirname(binary)})`);
  const unfinished = join(dirname(binary), `.${basename(binary)}.${process.pid}`);
  let downloaded = 0;
  let compiled = 0;
  const say = () => show.update(`${downloaded} modules downloaded, ${compiled} packages compiled`);
  const timer = setInterval(say, 1000);
  const flags = ['build', '-v', `-ldflags=-s -w ${program.ldflags ?? ''}`];
  try {
    await runCommand('go', [...flags, '-o', unfinished, program.packagePath], {
      cwd: join(RECIPES, program.recipe),
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
      ...(signal !== undefined && { signal }),
      onLine: (line) => {
        if (line.startsWith('go: downloading')) downloaded += 1;
        else compiled += 1;
      },
    });
  } catch (error) {
    throw explain(program, error);
  } finally {
    clearInterval(timer);
  }
  await rename(unfinished, binary);
  await writeFile(`${binary}.stamp`, await stampOf(program));
  show.done(`done, ${compiled} packages compiled`);
  return binary;
}

function explain(program: GoProgram, error: unknown): BuildError {
  if (error instanceof CommandError && error.systemCode === 'ENOENT') {
    return new BuildError(
      `${program.name} has to be built, and Go is not on the PATH. Install Go 1.26.4 or later (https://go.dev/dl), or put a ready ${program.name} on the PATH.`,
    );
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new BuildError(
    `${program.name} could not be built from third_party/builds/${program.recipe}. Check that Go is 1.26.4 or later (go version) and that modules can be downloaded (go env GOPROXY), then run again: it goes on where it stopped.\n${detail}`,
  );
}

async function stampOf(program: GoProgram): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(RECIPES, program.recipe, file)));
  return hash
    .update(program.packagePath)
    .update(program.ldflags ?? '')
    .digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
