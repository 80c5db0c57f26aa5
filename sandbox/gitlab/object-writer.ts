import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, deflate } from 'node:zlib';

const pack = promisify(deflate);

/**
 * Writes a loose object into a repository, as git does: `<type> <length>\0<content>`, named by its SHA-1. No process is
 * started for it, which would block this one for longer than the writing takes.
 * @returns the id
 */
export async function writeObject(
  directory: string,
  type: 'blob' | 'tree' | 'commit',
  content: Buffer,
): Promise<string> {
  const whole = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
  const id = createHash('sha1').update(whole).digest('hex');
  const folder = join(directory, 'objects', id.slice(0, 2));
  const file = join(folder, id.slice(2));
  if (await exists(file)) return id;
  await mkdir(folder, { recursive: true });
  // a reader must never see half of it
  const temporary = join(folder, `tmp_obj_${randomBytes(6).toString('hex')}`);
  await writeFile(temporary, await pack(whole, { level: constants.Z_BEST_SPEED }), { mode: 0o444 });
  await rename(temporary, file);
  return id;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
