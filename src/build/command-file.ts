/**
 * The command line as one file: everything that it needs but Node is in it, and Git or a renderer for the commands that
 * start one. Its large commands are packed in it (`cli/large-commands`): Node reads 6 MB in a quarter of a second, and most
 * commands only ask the API.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { LARGE_COMMANDS } from '../cli/large-commands.js';
import { packed } from '../cli/one-file-part.js';
import { licencesOf, oneFile, packagesIn } from './one-file.js';
import { type ProgramFile, SHEBANG } from './wait-file.js';

const ENTRY = 'src/cli/one-file-main.ts';
const LARGE_ENTRY = 'src/cli/main.ts';
/** Folders whose files modules of the program look for beside themselves. */
const FILES = ['src/ledger/migrations', 'src/ledger/functions', 'src/ledger/apply', 'third_party/specs/crds'];
/** What the small commands may load: reading options, the API's answers, the files of `apply`, and signing in. */
const SMALL_PACKAGES = ['commander', 'typebox', 'yaml', 'openid-client', 'oauth4webapi', 'jose'];

const SMALLER: BuildOptions = { minifyWhitespace: true, minifySyntax: true, legalComments: 'none' };

export interface CommandFile extends ProgramFile {
  /** files and folders of the checkout that it was made of, packages aside: when one of them changes, it is old */
  readonly sources: readonly string[];
}

/**
 * @param root absolute path of the checkout, with its packages
 * @throws Error when a small command would load a package that makes its start slow
 */
export async function commandFile(root: string): Promise<CommandFile> {
  const large = await oneFile(root, LARGE_ENTRY, { ...SMALLER, plugins: [addressesAsked(root)] });
  const part = packed({ program: large.code, files: await filesOf(root) });
  const small = await oneFile(root, ENTRY, {
    ...SMALLER,
    banner: { js: SHEBANG },
    define: { GATEHOUSE_LARGE_PART: JSON.stringify(part) },
    plugins: [LEFT_OUT],
  });
  const slow = packagesIn(small.inputs).filter(
    (folder) => !SMALL_PACKAGES.some((name) => folder.endsWith(`node_modules/${name}`)),
  );
  if (slow.length > 0) {
    throw new Error(
      `Every command would load ${slow.join(', ')}. Name the command that needs it in src/cli/large-commands.ts.`,
    );
  }
  const inputs = [...new Set([...large.inputs, ...small.inputs])];
  return {
    code: small.code,
    licences: await licencesOf(root, inputs),
    sources: [...inputs.filter((path) => !path.includes('node_modules/')), ...FILES, 'src/build'],
  };
}

/** A module that looks for files beside itself asks the packed part where they are. */
function addressesAsked(root: string): Plugin {
  return {
    name: 'addresses-asked',
    setup(setup) {
      setup.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => ({
        contents: (await readFile(path, 'utf8')).replaceAll(
          'import.meta.url',
          `gatehouseAddress(${JSON.stringify(relative(root, path).replaceAll('\\', '/'))})`,
        ),
        loader: 'ts',
      }));
    },
  };
}

const LEFT_OUT: Plugin = {
  name: 'left-out',
  setup(setup) {
    const names = LARGE_COMMANDS.join('|');
    setup.onLoad(
      { filter: new RegExp(`[\\\\/]src[\\\\/]cli[\\\\/]commands[\\\\/](?:${names})\\.ts$`) },
      () => ({
        contents: "throw new Error('this command is in the packed part')",
        loader: 'ts',
      }),
    );
  },
};

async function filesOf(root: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const folder of FILES) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files[relative(root, path).replaceAll('\\', '/')] = await readFile(path, 'utf8');
    }
  }
  return files;
}
