/** A commit of a repository built by the real kustomize, as kustomize-controller builds an artifact. */
import { execFile } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { kustomizeBinary } from '../../stack/kustomize-binary.js';
import { temporaryFolder } from '../../stack/temporary-folder.js';
import type { RepositoryMirror } from '../argocd/repository-mirror.js';
import { isLoose, type Loose } from '../objects.js';

const run = promisify(execFile);
const MOST_BYTES = 16 * 1024 * 1024;

/** The commit cannot be built: `path` when it does not have the folder at all. */
export class BuildFault extends Error {
  override readonly name = 'BuildFault';
  readonly kind: 'path' | 'build';

  constructor(kind: 'path' | 'build', message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * @param path of `spec.path`, e.g. `./overlays/dev`; must have a kustomization of its own
 * Throws `BuildFault`.
 */
export async function buildCommit(
  mirror: RepositoryMirror,
  commit: string,
  path: string,
): Promise<readonly Loose[]> {
  const folder = await temporaryFolder('flux');
  try {
    const files = join(folder.path, 'files');
    await mkdir(files);
    await mirror.checkOut(commit, files);
    const relative = normalize(`./${path}`);
    const found = await stat(join(files, relative)).catch(() => null);
    if (found?.isDirectory() !== true) {
      const message = `kustomization path not found: stat /artifact/${relative}: no such file or directory`;
      throw new BuildFault('path', message);
    }
    const args = ['build', '--load-restrictor', 'LoadRestrictionsNone', join(files, relative)];
    const { stdout } = await run(await kustomizeBinary(), args, {
      maxBuffer: MOST_BYTES,
      env: { HOME: folder.path },
    }).catch((error: unknown) => {
      const words = isLoose(error) && typeof error.stderr === 'string' ? error.stderr : String(error);
      const message = words
        .replaceAll(files, '/artifact')
        .replace(/^Error: /, '')
        .trim();
      throw new BuildFault('build', `kustomize build failed: ${message}`);
    });
    return parseAllDocuments(stdout)
      .map((document): unknown => document.toJS())
      .filter(isLoose);
  } finally {
    await folder.remove();
  }
}
