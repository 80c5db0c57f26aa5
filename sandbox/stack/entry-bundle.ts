import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

/**
 * Beside the packages, which the bundle imports by name, and gone with them. A name says its content, so that processes
 * which build the same at the same time write the same.
 */
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/gatehouse-entries/', import.meta.url));

const built = new Map<string, Promise<string>>();

/**
 * One JavaScript file of an entry and all of our modules that it imports. Node starts it in a third of the time that a loader
 * of TypeScript needs for hundreds of files, which counts where processes are killed and started again all the time.
 * Built once by each process: it runs what stood there when it was asked first.
 * @param entry absolute path of the TypeScript file
 * @returns absolute path of the file
 */
export function entryBundle(entry: string): Promise<string> {
  const found = built.get(entry) ?? bundle(entry);
  built.set(entry, found);
  return found;
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    plugins: [OWN_ADDRESSES],
    write: false,
    logLevel: 'silent',
  });
  const map = outputFiles.find(({ path }) => path.endsWith('.map'));
  const code = outputFiles.find(({ path }) => path.endsWith('.mjs'));
  if (map === undefined || code === undefined) throw new Error(`esbuild made no module of ${entry}`);
  const name = `${basename(entry, '.ts')}-${createHash('sha256').update(code.text).digest('hex').slice(0, 32)}`;
  await keep(`${name}.mjs.map`, map.text);
  return keep(
    `${name}.mjs`,
    code.text.replace(/^\/\/# sourceMappingURL=.*$/m, `//# sourceMappingURL=${name}.mjs.map`),
  );
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

async function keep(name: string, text: string): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const file = join(FOLDER, name);
  const unfinished = join(FOLDER, `.${randomUUID()}`);
  await writeFile(unfinished, text);
  await rename(unfinished, file);
  return file;
}
