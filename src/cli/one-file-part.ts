/** The packed part of the command line as one file: a program, and the files that its modules look for beside themselves. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { gunzipSync, gzipSync } from 'node:zlib';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

const Part = Type.Object({
  /** CommonJS; asks `gatehouseAddress` where a module of its own would stand */
  program: Type.String(),
  /** text by path in the checkout, e.g. `src/ledger/migrations/0001_ledger.sql` */
  files: Type.Record(Type.String(), Type.String()),
});
export type Part = Static<typeof Part>;

/** Text that may stand in a program. */
export function packed(part: Part): string {
  return gzipSync(JSON.stringify(part), { level: 9 }).toString('base64');
}

/** @param text of `packed` */
export function unpacked(text: string): { readonly start: (require: NodeJS.Require) => void } {
  const { program, files } = Value.Parse(
    Part,
    JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString('utf8')),
  );
  return {
    start: (require) => {
      const run = compileFunction(program, ['require', 'module', 'exports', 'gatehouseAddress'], {
        filename: 'gatehouse-large.cjs',
      });
      const module = { exports: {} };
      Reflect.apply(run, module.exports, [require, module, module.exports, addressesIn(files)]);
    },
  };
}

/** Writes the files when a module first asks, into a folder of this process alone that ends with it. */
function addressesIn(files: Part['files']): (path: string) => string {
  let folder: string | undefined;
  return (path) => {
    folder ??= written(files);
    return pathToFileURL(join(folder, path)).href;
  };
}

function written(files: Part['files']): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-files-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
