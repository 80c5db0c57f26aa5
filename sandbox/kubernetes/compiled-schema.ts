import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import addFormats from 'ajv-formats';

/** Beside the packages, which a compiled schema requires by name, and gone with them. */
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/gatehouse-schemas/', import.meta.url));
const load = createRequire(import.meta.url);

/** A check of a value, as Ajv compiles it. */
export interface Check {
  (value: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}

export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/**
 * The check of a schema, compiled once and kept as code: reading and compiling the vendors' definitions takes two seconds of a
 * processor, and every start of the stand-in would pay for it.
 * @param name of the file that keeps it
 * @param sources all that the schema is made of, and the code that makes it
 * @param schema made only when there is no code for these sources yet
 */
export function compiledSchema(name: string, sources: readonly string[], schema: () => object): Check {
  const digest = createHash('sha256');
  for (const source of [VERSION, readFileSync(fileURLToPath(import.meta.url), 'utf8'), ...sources]) {
    digest.update(`${source.length}:${source}`);
  }
  const file = join(FOLDER, `${name}-${digest.digest('hex').slice(0, 32)}.cjs`);
  return loaded(file) ?? compiled(file, schema());
}

const VERSION: string = readFileSync(load.resolve('ajv/package.json'), 'utf8');

function loaded(file: string): Check | undefined {
  try {
    const check: unknown = load(file);
    return isCheck(check) ? check : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function compiled(file: string, schema: object): Check {
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, code: { source: true } });
  addFormats.default(ajv);
  const check = ajv.compile(schema);
  // others may be starting with it: it is there whole, or not at all
  mkdirSync(FOLDER, { recursive: true });
  const unfinished = `${file}.${process.pid}.new`;
  writeFileSync(unfinished, standalone.default(ajv, check));
  renameSync(unfinished, file);
  return check;
}

function isCheck(value: unknown): value is Check {
  return typeof value === 'function';
}
