import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes a program of a few lines of shell. @returns its path */
export async function stubProgram(folder: string, name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}

/** True while a process of this id is there and not only waiting to be collected. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/\) Z /.test(stat);
}
