/** Inventory and policies of an installation: the files that live in Git, read once, at start. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Installation, InstallationError } from '../config/installation.js';
import type { InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import { ManifestError } from './fault.js';
import { choosePolicy, PolicyChoiceError, policyFaults } from './policies.js';
import { readManifests } from './read.js';

export interface InstalledFiles {
  readonly inventory: InventoryManifest;
  readonly policies: readonly PolicyManifest[];
  /** the policy in force for a service, undefined when there is not exactly one */
  readonly policyFor: (service: string) => PolicyManifest | undefined;
}

/**
 * @throws ManifestError with every fault and its place; InstallationError when files are missing
 */
export function readInstalledFiles(installation: Installation): InstalledFiles {
  const { inventory: inventoryFile, policies: policyFolder } = installation.files;
  const files = [inventoryFile, ...policyFilesIn(policyFolder)];
  const { inventories, policies, fleets } = readManifests(
    files.map((file) => ({ file, text: readText(file) })),
  );
  const [inventory] = inventories;
  if (inventory === undefined || inventories.length > 1) {
    throw new InstallationError(
      `${inventoryFile} must hold exactly one Inventory; found ${inventories.length}.`,
    );
  }
  if (fleets.length > 0)
    throw new InstallationError(`${policyFolder} must hold policies only; a Fleet was found.`);
  const faults = policyFaults(policies, inventory.manifest);
  if (faults.length > 0) throw new ManifestError(faults);
  const manifests = policies.map((policy) => policy.manifest);
  return {
    inventory: inventory.manifest,
    policies: manifests,
    policyFor: (service) => policyOrNone(manifests, service),
  };
}

function policyOrNone(policies: readonly PolicyManifest[], service: string): PolicyManifest | undefined {
  try {
    return choosePolicy(policies, 'Fleet', service).policy;
  } catch (error) {
    if (error instanceof PolicyChoiceError) return undefined;
    throw error;
  }
}

function policyFilesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml') || name.endsWith('.yml'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    throw new InstallationError(`The folder of policies ${folder} cannot be read.`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new InstallationError(`${file} cannot be read.`);
  }
}
