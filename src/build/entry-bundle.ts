/**
 * One JavaScript file of an entry and all of our modules that it imports; packages stay outside. Node starts it in a third of
 * the time that a loader of TypeScript needs for hundreds of files.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

export interface EntryBundle {
  readonly code: string;
  /** source map, JSON, for a file in the folder that was named */
  readonly map: string;
}

/**
 * @param entry absolute path of a TypeScript file
 * @param folder where the file will stand: below it or beside it are the packages
 */
export async function bundleEntry(entry: string, folder: string): Promise<EntryBundle> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    packages: 'external',
    keepNames: true,
    sourcemap: 'external',
    sourcesContent: false,
    outdir: folder,
    plugins: [OWN_ADDRESSES],
    write: false,
    logLevel: 'silent',
  });
  const textOf = (ending: string): string =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { code: textOf('.js'), map: textOf('.map') };
}

/**
 * Writes `<name>.mjs` with its source map, whole or not at all: others may be starting it.
 * @returns path of the file
 */
export async function writeBundle(folder: string, name: string, { code, map }: EntryBundle): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = `${name}.mjs`;
  await writeWhole(join(folder, `${file}.map`), map);
  return writeWhole(join(folder, file), `${code}//# sourceMappingURL=${file}.map\n`);
}

/** A module that looks for files beside itself still finds them. */
const OWN_ADDRESSES: Plugin = {
  name: 'own-addresses',
  setup(setup) {
    setup.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: 'ts',
    }));
  },
};

async function writeWhole(file: string, text: string): Promise<string> {
  const unfinished = `${file}.${process.pid}.new`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
  return file;
}
