/** The three kinds of patch that clients of custom resources use. */
import { isLoose, type Loose } from './objects.js';

/** A patch that cannot be applied. `status` is what the API server answers. */
export class PatchRefused extends Error {
  override readonly name = 'PatchRefused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** RFC 7386: null removes, objects merge, all else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isLoose(patch)) return patch;
  const result: Record<string, unknown> = isLoose(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else Object.defineProperty(result, key, field(mergePatch(result[key], value)));
  }
  return result;
}

/** Own property whatever its name, so that `__proto__` is a field like any other. */
function field(value: unknown): PropertyDescriptor {
  return { value, enumerable: true, configurable: true, writable: true };
}

function pointerOf(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) {
    throw new PatchRefused(400, `the path ${JSON.stringify(path)} is no JSON pointer`);
  }
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function at(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isLoose(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function change(target: unknown, path: readonly string[], operation: string, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(target)) {
    const copy: unknown[] = [...target];
    const index = key === '-' ? copy.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > copy.length) {
      throw new PatchRefused(422, `the server rejected our request: index ${key} is out of the array`);
    }
    if (rest.length > 0) copy[index] = change(copy[index], rest, operation, value);
    else if (operation === 'add') copy.splice(index, 0, value);
    else if (operation === 'remove') copy.splice(index, 1);
    else copy[index] = value;
    return copy;
  }
  if (!isLoose(target)) {
    throw new PatchRefused(422, `the server rejected our request: ${key} is not in the object`);
  }
  const copy: Record<string, unknown> = { ...target };
  if (operation !== 'add' && !Object.hasOwn(copy, key)) {
    throw new PatchRefused(422, `the server rejected our request: ${key} is not in the object`);
  }
  if (rest.length > 0) Object.defineProperty(copy, key, field(change(at(copy, key), rest, operation, value)));
  else if (operation === 'remove') delete copy[key];
  else Object.defineProperty(copy, key, field(value));
  return copy;
}

/** RFC 6902, operations add, remove, replace and test. An object instead of a list is the classic mistake of clients. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw new PatchRefused(
      400,
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  }
  let result = target;
  for (const step of patch as readonly unknown[]) {
    if (!isLoose(step)) throw new PatchRefused(400, 'a step of a JSON patch must be an object');
    const path = pointerOf(step.path);
    switch (step.op) {
      case 'test': {
        const found = path.reduce(at, result);
        if (JSON.stringify(found) !== JSON.stringify(step.value)) {
          throw new PatchRefused(
            422,
            `the server rejected our request: testing value ${String(step.path)} failed`,
          );
        }
        break;
      }
      case 'add':
      case 'remove':
      case 'replace':
        result = change(result, path, step.op, step.value);
        break;
      default:
        throw new PatchRefused(400, `the operation ${JSON.stringify(step.op)} is not supported`);
    }
  }
  return result;
}

/** Leaves (dotted JSON pointers) that an applied configuration sets: they are what its manager owns. */
export function leavesOf(value: unknown, prefix = ''): string[] {
  if (!isLoose(value) || Object.keys(value).length === 0) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, `${prefix}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

export interface Ownership {
  /** field manager to the leaves that it set by its last apply */
  readonly [manager: string]: readonly string[];
}

/**
 * Server-side apply, as much as one writer beside controllers needs: fields of the configuration are set, fields that the
 * same manager set before and left out now are removed, a field of another manager with another value is a conflict
 * unless forced.
 */
export function applyConfiguration(input: {
  readonly live: Loose;
  readonly configuration: Loose;
  readonly manager: string;
  readonly force: boolean;
  readonly owners: Ownership;
}): { readonly object: unknown; readonly owners: Ownership } {
  const { live, configuration, manager, force, owners } = input;
  const wanted = leavesOf(configuration).filter(
    (leaf) => !/^\/(apiVersion|kind|metadata\/(name|namespace))$/.test(leaf),
  );
  const conflicts: string[] = [];
  for (const [other, leaves] of Object.entries(owners)) {
    if (other === manager) continue;
    for (const leaf of leaves.filter((candidate) => wanted.includes(candidate))) {
      const path = pointerOf(leaf);
      if (JSON.stringify(path.reduce(at, live)) !== JSON.stringify(path.reduce(at, configuration))) {
        conflicts.push(`conflict with "${other}": ${leaf.slice(1).replaceAll('/', '.')}`);
      }
    }
  }
  if (conflicts.length > 0 && !force) {
    throw new PatchRefused(
      409,
      `Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}: ${conflicts.join(', ')}`,
    );
  }
  let object: unknown = live;
  for (const leaf of owners[manager] ?? []) {
    if (!wanted.includes(leaf) && pointerOf(leaf).reduce(at, object) !== undefined) {
      object = change(object, pointerOf(leaf), 'remove', undefined);
    }
  }
  const others = Object.entries(owners)
    .filter(([name]) => name !== manager)
    .map(([name, leaves]) => [name, leaves.filter((leaf) => !wanted.includes(leaf))] as const);
  return {
    object: mergePatch(object, configuration),
    owners: { ...Object.fromEntries(others), [manager]: wanted },
  };
}
