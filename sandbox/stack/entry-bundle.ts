import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleEntry, writeBundle } from '../../src/build/entry-bundle.js';

/**
 * Beside the packages, which the bundle imports by name, and gone with them. A name says its content, so that processes
 * which build the same at the same time write the same.
 */
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/gatehouse-entries/', import.meta.url));

const built = new Map<string, Promise<string>>();

/**
 * The file that starts an entry, as an image has it. Built once by each process: it runs what stood there when it was asked
 * first.
 * @param entry absolute path of the TypeScript file
 * @returns absolute path of the file
 */
export function entryBundle(entry: string): Promise<string> {
  const found = built.get(entry) ?? bundled(entry);
  built.set(entry, found);
  return found;
}

async function bundled(entry: string): Promise<string> {
  const bundle = await bundleEntry(entry, FOLDER);
  const content = createHash('sha256').update(bundle.code).digest('hex').slice(0, 32);
  return writeBundle(FOLDER, `${basename(entry, '.ts')}-${content}`, bundle);
}
