import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache.js';
import { buildGoProgram, builtGoProgram, type GoProgram } from './go-build.js';
import { runCommand } from './run-command.js';

/** Where the command line of Temporal with its dev server came from. */
export interface TemporalBinary {
  readonly path: string;
  readonly source: 'PATH' | 'downloaded by the SDK' | 'built from the pinned Go module';
  /** Version of the server inside, e.g. `1.31.2`. */
  readonly serverVersion: string;
}

/** Worker deployment versions work without a switch from here on; older servers are passed over. */
const OLDEST_SERVER = [1, 28, 0] as const;
/** The SDK downloads from here; a refusal is known within this time. */
const DOWNLOAD_PROBE = { url: 'https://temporal.download/cli/default', timeoutMs: 3000 } as const;

const TEMPORAL_CLI: GoProgram = {
  name: 'temporal',
  recipe: 'temporal-cli',
  packagePath: 'github.com/temporalio/cli/cmd/temporal',
  recognise: async (binary, goMod) => {
    const pinned = /go\.temporal\.io\/server v(\S+)/.exec(goMod)?.[1];
    return pinned !== undefined && (await serverVersion(binary)) === pinned;
  },
};

/**
 * Finds the `temporal` program, or gets it: on the PATH, in the cache, by the SDK's own download, or built from the
 * pinned Go module (about 12 minutes of CPU time, once).
 * @throws BuildError when nothing of it works; the message says what to do
 */
export async function temporalBinary(): Promise<TemporalBinary> {
  const onPath = await usable('temporal', 'PATH');
  if (onPath) return onPath;
  const built = await builtGoProgram(TEMPORAL_CLI);
  if (built) return describe(built, 'built from the pinned Go module');
  const downloaded = (await downloadedBefore()) ?? (await download());
  if (downloaded) return downloaded;
  return describe(await buildGoProgram(TEMPORAL_CLI), 'built from the pinned Go module');
}

async function usable(path: string, source: TemporalBinary['source']): Promise<TemporalBinary | undefined> {
  const version = await serverVersion(path);
  if (version === undefined) return undefined;
  if (!isNewEnough(version)) {
    process.stderr.write(
      `Passing over ${path} (${source}): its server is ${version}, ${OLDEST_SERVER.join('.')} or later is needed\n`,
    );
    return undefined;
  }
  return { path, source, serverVersion: version };
}

async function describe(path: string, source: TemporalBinary['source']): Promise<TemporalBinary> {
  return { path, source, serverVersion: (await serverVersion(path)) ?? 'unknown' };
}

/** `temporal --version` says e.g. `temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)`. */
async function serverVersion(path: string): Promise<string | undefined> {
  const text = await runCommand(path, ['--version'], { timeoutMs: 20_000 }).catch(() => '');
  return /Server (\d+\.\d+\.\d+)/.exec(text)?.[1];
}

function isNewEnough(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [i, wanted] of OLDEST_SERVER.entries()) {
    const part = parts[i] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

const downloads = () => cacheFolder('temporal-download');

async function downloadedBefore(): Promise<TemporalBinary | undefined> {
  for (const file of await readdir(downloads()).catch(() => [])) {
    if (!file.startsWith('temporal-sdk-typescript-')) continue;
    const found = await usable(join(downloads(), file), 'downloaded by the SDK');
    if (found) return found;
  }
  return undefined;
}

/** The SDK downloads when it starts a server, so it starts one, ends it, and leaves us the file. */
async function download(): Promise<TemporalBinary | undefined> {
  const answer = await fetch(DOWNLOAD_PROBE.url, {
    signal: AbortSignal.timeout(DOWNLOAD_PROBE.timeoutMs),
  }).catch(() => undefined);
  await answer?.body?.cancel();
  if (!answer?.ok) return undefined;
  process.stderr.write(`Downloading the Temporal dev server into ${downloads()}\n`);
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  try {
    const env = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: downloads() } },
    });
    await env.teardown();
  } catch (error) {
    process.stderr.write(
      `The download failed (${error instanceof Error ? error.message : error}); building instead\n`,
    );
    return undefined;
  }
  return downloadedBefore();
}
