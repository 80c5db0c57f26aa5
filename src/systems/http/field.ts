/** Looks into values of unknown shape: error bodies and the errors of client libraries. */

/** The property of an object, undefined when it is none or has no such property. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** Same, for texts only. */
export function textOf(value: unknown, key: string): string | undefined {
  const text = fieldOf(value, key);
  return typeof text === 'string' ? text : undefined;
}
