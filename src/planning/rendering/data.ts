/** Narrowing of parsed YAML, whose shape nobody vouches for. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map at a path of keys; empty when something on the way is none. */
export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const found = path.reduce<unknown>((at, key) => (isFields(at) ? at[key] : undefined), value);
  return isFields(found) ? found : {};
}

/** The maps of the list at a path; what is no map is left out. */
export function listAt(value: unknown, ...path: readonly string[]): readonly Fields[] {
  const found = path.reduce<unknown>((at, key) => (isFields(at) ? at[key] : undefined), value);
  return Array.isArray(found) ? found.filter(isFields) : [];
}

/** The text under a key; undefined for anything else. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>((at, key) => (isFields(at) ? at[key] : undefined), value);
  return typeof found === 'string' ? found : undefined;
}

/** The value with the keys of all its maps in one order, so that equal values print the same. */
export function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneOrder);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, inOneOrder(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
}
