import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepFolder, removeWithUs } from './reaper.js';

/** A folder that is gone after `remove()`, and at the latest when this process is gone. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Makes an empty folder in the system's place for temporary files.
 * @param purpose one word that becomes part of its name, e.g. `postgres`
 */
export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `gatehouse-${purpose}-`));
  removeWithUs(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      keepFolder(path);
    },
  };
}
