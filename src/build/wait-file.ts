/**
 * `gatehouse wait` as one file: everything that it needs but Node and Git is in it. With it go the licences of the packages
 * that it holds.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import Type from 'typebox';
import { Value } from 'typebox/value';

const ENTRY = 'src/cli/wait-main.ts';
/** With it, and without an ending, the file is a command wherever it stands. */
const SHEBANG = '#!/usr/bin/env node';
const PackageFile = Type.Object({
  name: Type.String(),
  version: Type.String(),
  license: Type.Optional(Type.String()),
});

export interface WaitFile {
  readonly code: string;
  /** names, versions and licences of the packages in the code */
  readonly licences: string;
}

/** @param root absolute path of the checkout, with its packages */
export async function waitFile(root: string): Promise<WaitFile> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [ENTRY],
    bundle: true,
    platform: 'node',
    target: 'node20',
    // a file without an ending is CommonJS to Node
    format: 'cjs',
    keepNames: true,
    legalComments: 'inline',
    banner: { js: SHEBANG },
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`nothing was made of ${ENTRY}`);
  const licences = await Promise.all(packagesIn(metafile).map((folder) => licenceOf(root, folder)));
  return { code: output.text, licences: licences.join('\n') };
}

/** Folders of the packages that went into the file, e.g. `node_modules/yaml`. */
function packagesIn({ inputs }: Metafile): readonly string[] {
  const folders = Object.keys(inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(folders)].toSorted();
}

async function licenceOf(root: string, folder: string): Promise<string> {
  const path = join(root, folder);
  const about: unknown = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
  const { name, version, license } = Value.Parse(PackageFile, about);
  const files = (await readdir(path)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = await Promise.all(files.toSorted().map((file) => readFile(join(path, file), 'utf8')));
  return [`${name} ${version}: ${license ?? 'see below'}`, ...texts].join('\n\n');
}
