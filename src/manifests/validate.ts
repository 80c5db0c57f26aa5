/** Judges a document by a schema and turns every difference into a fault with its place and what to write instead. */
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { MAX_FAULTS, type ManifestFault, type PathStep, pathText } from './fault.js';
import { type Forms, formsOf } from './forms.js';
import { faultMaker } from './manifest.js';
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
  const value = document.value;
  const found = faultsAt(document, [], value, schema);
  if (found.length === 0 && isOf(value, schema)) return { ok: true, value };
  const faults = new Map<string, ManifestFault>();
  for (const fault of found) {
    const key = `${fault.path}:${fault.line}:${fault.column}`;
    if (!faults.has(key)) faults.set(key, fault);
  }
  return { ok: false, faults: [...faults.values()] };
}

function isOf<T extends TSchema>(value: unknown, schema: T): value is Static<T> {
  return Compile(schema).Check(value);
}

/** Faults of a part, and of all parts in it that have one of several forms. */
function faultsAt(
  document: PositionedDocument,
  base: readonly PathStep[],
  value: unknown,
  schema: TSchema,
): readonly ManifestFault[] {
  const compiled = Compile(schema);
  const errors = compiled.Check(value) ? [] : compiled.Errors(value).slice(0, MAX_FAULTS);
  return [
    ...errors.flatMap((error) => faultsOf(document, base, value, schema, error)),
    ...partsIn(value, schema, base).flatMap(({ path, part, forms }) =>
      formFaults(document, path, part, forms),
    ),
  ];
}

interface Part {
  readonly path: readonly PathStep[];
  readonly part: unknown;
  readonly forms: Forms;
}

/** The parts of a value that have one of several forms; those inside of such a part are found when it is judged. */
function partsIn(value: unknown, schema: TSchema, path: readonly PathStep[]): readonly Part[] {
  if (!isRecord(schema)) return [];
  const forms = formsOf(schema);
  if (forms !== undefined) return [{ path, part: value, forms }];
  const { properties, items } = schema;
  if (Array.isArray(value) && isRecord(items)) {
    return value.flatMap((item: unknown, index) => partsIn(item, items, [...path, index]));
  }
  if (!isRecord(value) || !isRecord(properties)) return [];
  return Object.entries(properties).flatMap(([name, property]) =>
    Object.hasOwn(value, name) && isRecord(property) ? partsIn(value[name], property, [...path, name]) : [],
  );
}

function formFaults(
  document: PositionedDocument,
  path: readonly PathStep[],
  part: unknown,
  { by, schemas }: Forms,
): readonly ManifestFault[] {
  const fault = faultMaker(document);
  const known = Object.keys(schemas);
  if (by === 'type') {
    const schema = schemas[Array.isArray(part) ? 'array' : typeof part];
    if (schema !== undefined && part !== null) return faultsAt(document, path, part, schema);
    return [fault(path, `must be ${known.map(typeWord).join(' or ')}`)];
  }
  if (!isRecord(part)) return [fault(path, `must be ${typeWord('object')} with a "kind"`)];
  const { kind } = part;
  if (typeof kind === 'string' && known.includes(kind)) {
    const schema = schemas[kind];
    return schema === undefined ? [] : faultsAt(document, path, part, schema);
  }
  return [
    typeof kind === 'string'
      ? fault([...path, 'kind'], `"${kind.slice(0, 64)}" is not known here: ${suggest(kind, known)}`)
      : fault(path, `"kind" is missing: ${suggest('', known)}`),
  ];
}

function faultsOf(
  document: PositionedDocument,
  base: readonly PathStep[],
  value: unknown,
  schema: TSchema,
  error: SchemaError,
): ManifestFault[] {
  const inside = stepsOf(value, error.instancePath);
  const path = [...base, ...inside];
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
      // each is looked up in the file: there may be tens of thousands
      return error.params.additionalProperties
        .slice(0, MAX_FAULTS)
        .map((name) =>
          fault(
            [...path, name],
            says === undefined ? `is not known here: ${suggest(name, known)}` : says,
            'key',
          ),
        );
    }
    case 'type':
      return [fault(path, `must be ${typeWord(error.params.type)}${quoteHint(value, inside, error)}`)];
    case 'enum':
      return [
        fault(
          path,
          textOf(node.says) ??
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
    number: 'a number',
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
