/** A folder for one run of a program: holds what it may read, and is removed whatever happens. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FileSet, isRepositoryPath } from '../../domain/file-set.js';

/** A set of files cannot be laid out in a folder. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.path = path;
  }
}

/**
 * Calls `use` with the path of an empty folder that only this user may enter, and removes it afterwards.
 * @param purpose one word that becomes part of its name
 */
export async function inPrivateFolder<T>(purpose: string, use: (folder: string) => Promise<T>): Promise<T> {
  // the real path, so that a program which resolves links sees no other root
  const folder = await realpath(await mkdtemp(join(tmpdir(), `gatehouse-${purpose}-`)));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Writes files below a folder: plain files only, so nothing in it can lead outside.
 * @throws LayoutError for a path that is not plain, or that is a file and a directory at once
 */
export async function layOut(folder: string, files: FileSet): Promise<void> {
  for (const [path, text] of files) {
    if (!isRepositoryPath(path)) throw new LayoutError(path, 'not a plain path below the repository');
    try {
      await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, path), text, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'EISDIR' && code !== 'ENAMETOOLONG')
        throw error;
      throw new LayoutError(path, 'its name is too long, or it is a file and a directory at once');
    }
  }
}
