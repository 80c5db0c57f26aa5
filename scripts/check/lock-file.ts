import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../run-part.js';
import type { Check } from './finding.js';

/** Entries of `packages` in package-lock.json: path in node_modules to what was resolved. */
type Packages = Readonly<
  Record<
    string,
    {
      readonly version?: string;
      readonly resolved?: string;
      readonly optionalDependencies?: Readonly<Record<string, string>>;
    }
  >
>;

/**
 * Faults of a lock file: addresses of a registry in it (an install then works on one network only), and packages that
 * must be there once. Two copies of a Temporal package break `instanceof`; with protobufjs 7 beside several 8, histories
 * can't be written as JSON (reference: temporal, section 6.4).
 */
export function lockFileFaults(packages: Packages): string[] {
  const faults: string[] = [];
  const versions = new Map<string, string[]>();
  for (const [path, { version = '', resolved }] of Object.entries(packages)) {
    if (resolved?.startsWith('http'))
      faults.push(
        `${path}: the lock file names an address; npm install with the .npmrc of this repository removes it`,
      );
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    versions.set(name, [...(versions.get(name) ?? []), version]);
  }
  const protobufjs = (versions.get('protobufjs') ?? []).filter((version) => version.startsWith('8.'));
  if (protobufjs.length !== 1)
    faults.push(`protobufjs 8 is there ${protobufjs.length} times; it must be once, as a direct dependency`);
  const temporal = [...versions].filter(([name]) => name.startsWith('@temporalio/'));
  for (const [name, all] of temporal) {
    if (all.length > 1) faults.push(`${name} is there ${all.length} times: ${all.join(', ')}`);
  }
  const different = new Set(temporal.flatMap(([, all]) => all));
  if (different.size > 1)
    faults.push(`Packages of @temporalio have different versions: ${[...different].join(', ')}`);
  for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies).filter((name) => !versions.has(name)))
      faults.push(
        `${path} wants ${name}, if it can be had, and the lock file does not have it: npm ci refuses that`,
      );
  }
  return faults;
}

export const LOCK_FILE: Check = {
  name: 'lock file',
  async run() {
    const lock: unknown = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
    return hasPackages(lock) ? lockFileFaults(lock.packages) : ['package-lock.json has no packages'];
  },
};

function hasPackages(value: unknown): value is { packages: Packages } {
  return (
    typeof value === 'object' && value !== null && 'packages' in value && typeof value.packages === 'object'
  );
}
