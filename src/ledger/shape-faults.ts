/**
 * Shapes of bodies for the database: from the same shapes as the readers', paths of SQL/JSON that find what a reader would not
 * take. Written in lax mode, where a path goes into lists by itself: so types are always asked from the object above, with
 * `type()`, which does not.
 */
import Type, { type TSchema } from 'typebox';
import { ENTRY_SHAPES } from './entry-shapes.js';

/** One thing to look for in bodies of a type. */
export interface ShapeFault {
  readonly type: string;
  /** what is wrong when it is found, e.g. `scope.application` */
  readonly place: string;
  /** a jsonpath that finds something only in a body that is not of the shape */
  readonly fault: string;
}

/** All of them, in the order of the shapes. */
export function shapeFaults(): readonly ShapeFault[] {
  return Object.entries(ENTRY_SHAPES).flatMap(([type, shape]) => [
    { type, place: 'the body', fault: '$.type() ? (@ != "object")' },
    ...faultsWithin(shape, '$', '').map((found) => ({ type, ...found })),
  ]);
}

type Found = Omit<ShapeFault, 'type'>;

/** Faults of what lies in an object. @param path of the object @param place of the object, for people */
function faultsWithin(shape: TSchema, path: string, place: string): readonly Found[] {
  if (!Type.IsObject(shape)) throw new Error(`shape-faults: ${place} is no object`);
  const required: readonly string[] = shape.required ?? [];
  return Object.entries(shape.properties).flatMap(([name, property]) => {
    const key = JSON.stringify(name);
    const here = place === '' ? name : `${place}.${name}`;
    const right = rightValue(property, `@.${key}`);
    const wanted = required.includes(name) ? right : `!exists(@.${key}) || (${right})`;
    const own = { place: here, fault: `${path} ? (!(${wanted}) || (${wanted}) is unknown)` };
    return [own, ...faultsBelow(property, `${path}.${key}`, here)];
  });
}

/** Faults of the parts of a value, which its own line does not see. */
function faultsBelow(shape: TSchema, path: string, place: string): readonly Found[] {
  if (Type.IsObject(shape)) return faultsWithin(shape, path, place);
  if (Type.IsArray(shape)) {
    const items = `${path}[*]`;
    const named = `${place}[*]`;
    return Type.IsObject(shape.items) ? faultsWithin(shape.items, items, named) : [];
  }
  return [];
}

/** A condition on a value, as far as it can be seen without going into it. */
function rightValue(shape: TSchema, value: string): string {
  if (Type.IsObject(shape)) return `${value}.type() == "object"`;
  if (Type.IsArray(shape)) return `${value}.type() == "array" && ${noOther(shape.items, `${value}[*]`)}`;
  if (Type.IsRecord(shape)) {
    const [values] = Object.values(shape.patternProperties);
    return `${value}.type() == "object" && ${noOther(values, `${value}.*`)}`;
  }
  if (Type.IsUnion(shape)) return shape.anyOf.map((one) => `(${rightValue(one, value)})`).join(' || ');
  if (Type.IsLiteral(shape)) {
    return `${value}.type() == "${typeof shape.const}" && ${value} == ${JSON.stringify(shape.const)}`;
  }
  if (Type.IsInteger(shape)) {
    const minimum =
      'minimum' in shape && typeof shape.minimum === 'number' ? shape.minimum : -Number.MAX_SAFE_INTEGER;
    return `${value}.type() == "number" && ${value}.floor() == ${value} && ${value} >= ${minimum} && ${value} <= ${Number.MAX_SAFE_INTEGER}`;
  }
  // what JavaScript would read as infinite
  if (Type.IsNumber(shape)) return `${value}.type() == "number" && ${value}.abs() <= 1e308`;
  if (Type.IsBoolean(shape)) return `${value}.type() == "boolean"`;
  if (Type.IsNull(shape)) return `${value}.type() == "null"`;
  if (Type.IsString(shape)) {
    const pattern = patternOf(shape);
    const matches = pattern === undefined ? '' : ` && ${value} like_regex ${JSON.stringify(pattern)}`;
    return `${value}.type() == "string"${matches}`;
  }
  throw new Error(`shape-faults: no condition is known for ${JSON.stringify(shape)}`);
}

/** The pattern of a text; the type of the library does not tell of it. */
export function patternOf(shape: TSchema): string | undefined {
  return 'pattern' in shape && typeof shape.pattern === 'string' ? shape.pattern : undefined;
}

/** Each of several values is right; `type()` does not go into lists, so it comes first. */
function noOther(shape: TSchema | undefined, values: string): string {
  if (shape === undefined) throw new Error('shape-faults: a list without a shape of its items');
  const types = typesOf(shape).map((type) => `@ == "${type}"`);
  const ofType = `!exists(${values}.type() ? (!(${types.join(' || ')})))`;
  if (Type.IsObject(shape) || Type.IsArray(shape)) return ofType;
  const right = rightValue(shape, '@');
  return `${ofType} && !exists(${values} ? (!(${right}) || (${right}) is unknown))`;
}

function typesOf(shape: TSchema): readonly string[] {
  if (Type.IsUnion(shape)) return [...new Set(shape.anyOf.flatMap(typesOf))];
  if (Type.IsLiteral(shape)) return [typeof shape.const];
  if (Type.IsObject(shape) || Type.IsRecord(shape)) return ['object'];
  if (Type.IsArray(shape)) return ['array'];
  if (Type.IsInteger(shape) || Type.IsNumber(shape)) return ['number'];
  if (Type.IsBoolean(shape)) return ['boolean'];
  if (Type.IsNull(shape)) return ['null'];
  if (Type.IsString(shape)) return ['string'];
  throw new Error(`shape-faults: no type is known for ${JSON.stringify(shape)}`);
}
