/** What makes one file of a program and all that it imports, with the licences of the packages that it holds. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import Type from 'typebox';
import { Value } from 'typebox/value';

const Licence = Type.Union([Type.String(), Type.Object({ type: Type.String() })]);
/** `license` as npm writes it, and as it was written before (source: npm's documentation of package.json). */
const PackageFile = Type.Object({
  name: Type.String(),
  version: Type.String(),
  license: Type.Optional(Type.Union([Licence, Type.Array(Licence)])),
  licenses: Type.Optional(Type.Array(Licence)),
});

export interface OneFile {
  readonly code: string;
  /** what went into it, as paths in the checkout */
  readonly inputs: readonly string[];
}

/**
 * @param root absolute path of the checkout, with its packages
 * @param entry path in it
 * @param more options of esbuild that this file needs alone
 */
export async function oneFile(root: string, entry: string, more: BuildOptions = {}): Promise<OneFile> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node22',
    // a file without an ending is CommonJS to Node
    format: 'cjs',
    keepNames: true,
    logLevel: 'silent',
    ...more,
    metafile: true,
    write: false,
  });
  const [output] = outputFiles ?? [];
  if (output === undefined) throw new Error(`nothing was made of ${entry}`);
  return { code: output.text, inputs: inputsOf(metafile) };
}

function inputsOf({ inputs, outputs }: Metafile): readonly string[] {
  const used = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));
  return Object.keys(inputs).filter((path) => used.has(path));
}

/** @returns folders of the packages among them, e.g. `node_modules/yaml`, in order */
export function packagesIn(inputs: readonly string[]): readonly string[] {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
}

/** Names, versions and licences of the packages among the inputs. */
export async function licencesOf(root: string, inputs: readonly string[]): Promise<string> {
  return (await Promise.all(packagesIn(inputs).map((folder) => licenceOf(root, folder)))).join('\n');
}

async function licenceOf(root: string, folder: string): Promise<string> {
  const path = join(root, folder);
  const about: unknown = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
  const { name, version, license, licenses } = Value.Parse(PackageFile, about);
  const named = [license ?? licenses ?? []].flat().map((one) => (typeof one === 'string' ? one : one.type));
  const files = (await readdir(path)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = await Promise.all(files.toSorted().map((file) => readFile(join(path, file), 'utf8')));
  return [`${name} ${version}: ${named.length === 0 ? 'see below' : named.join(' or ')}`, ...texts].join(
    '\n\n',
  );
}
