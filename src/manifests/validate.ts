/** Judges a document by a schema and turns every difference into a fault with its place and what to write instead. */
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { type ManifestFault, type PathStep, pathText } from './fault.js';
import { suggest } from './near-miss.js';
import type { PositionedDocument } from './parse.js';

type SchemaError = ReturnType<Validator['Errors']>[number];

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly ManifestFault[] };

/** @returns the document's value typed by the schema, or all its faults, at most one per place and field */
export function validateDocument<T extends TSchema>(
  document: PositionedDocument,
  schema: T,
): Validated<Static<T>> {
  const compiled = Compile(schema);
  const value = document.value;
  if (compiled.Check(value)) return { ok: true, value };
  const faults = new Map<string, ManifestFault>();
  for (const error of compiled.Errors(value)) {
    for (const fault of faultsOf(document, schema, error)) {
      const key = `${fault.path}:${fault.line}:${fault.column}`;
      if (!faults.has(key)) faults.set(key, fault);
    }
  }
  return { ok: false, faults: [...faults.values()] };
}

function faultsOf(document: PositionedDocument, schema: TSchema, error: SchemaError): ManifestFault[] {
  const path = stepsOf(document.value, error.instancePath);
  const node = schemaAt(schema, error.schemaPath);
  const fault = (
    at: readonly PathStep[],
    message: string,
    part: 'key' | 'value' = 'value',
  ): ManifestFault => ({
    file: document.file,
    ...document.place(at, part),
    path: pathText(at),
    message,
  });
  switch (error.keyword) {
    // the same difference is told by additionalProperties, with the name of the field
    case 'boolean':
      return [];
    case 'required':
      return error.params.requiredProperties.map((name) => fault(path, `"${name}" is missing`));
    case 'additionalProperties': {
      const known = Object.keys(isRecord(node.properties) ? node.properties : {});
      const says = textOf(node.says);
      return error.params.additionalProperties.map((name) =>
        fault(
          [...path, name],
          says === undefined ? `is not known here: ${suggest(name, known)}` : says,
          'key',
        ),
      );
    }
    case 'type':
      return [fault(path, `must be ${typeWord(error.params.type)}${quoteHint(document.value, path, error)}`)];
    case 'enum':
      return [
        fault(
          path,
          `must be ${error.params.allowedValues.map((allowed) => `"${String(allowed)}"`).join(' or ')}`,
        ),
      ];
    case 'const':
      return [fault(path, `must be "${String(error.params.allowedValue)}"`)];
    case 'pattern':
      return [fault(path, textOf(node.says) ?? error.message)];
    case 'uniqueItems':
      return [fault(path, 'holds the same item twice')];
    default:
      return [fault(path, error.message)];
  }
}

/** JSON pointer to steps; a step is an index only where the data holds a list. */
function stepsOf(value: unknown, pointer: string): readonly PathStep[] {
  let here: unknown = value;
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
      if (Array.isArray(here)) {
        const index = Number(name);
        here = here[index];
        return index;
      }
      here = isRecord(here) ? here[name] : undefined;
      return name;
    });
}

function schemaAt(schema: TSchema, pointer: string): Readonly<Record<string, unknown>> {
  let here: unknown = schema;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    here = isRecord(here) ? here[name] : undefined;
  }
  return isRecord(here) ? here : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function typeWord(type: string | readonly string[]): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    object: 'a block of "key: value"',
    array: 'a list',
    integer: 'a whole number',
    boolean: 'true or false',
  };
  const first = typeof type === 'string' ? type : (type[0] ?? '');
  return words[first] ?? first;
}

/** `stage: 1` and `stage: true` are the slips that YAML makes easy. */
function quoteHint(value: unknown, path: readonly PathStep[], error: SchemaError): string {
  if (error.keyword !== 'type' || error.params.type !== 'string') return '';
  const given = path.reduce<unknown>(
    (here, step) => (Array.isArray(here) ? here[Number(step)] : isRecord(here) ? here[step] : undefined),
    value,
  );
  return typeof given === 'number' || typeof given === 'boolean' ? ': put it in quotes' : '';
}
