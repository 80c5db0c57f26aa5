/** Inventory, policies and promotion paths of an installation: the files that live in Git, read once, at start. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Installation, InstallationError } from '../config/installation.js';
import type { InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import type { PathManifest } from '../domain/promotion/path.js';
import type { PolicySubject } from '../domain/request.js';
import { directoriesOfPaths, type OwnedDirectory } from '../domain/values-places.js';
import { canonicalJson, digest } from '../security/canonical.js';
import { ManifestError } from './fault.js';
import { pathFaults } from './paths.js';
import { choosePolicy, PolicyChoiceError, policyFaults } from './policies.js';
import { type Manifests, readManifests } from './read.js';

export interface InstalledPath {
  readonly manifest: PathManifest;
  /** SHA-256 of the manifest's canonical JSON: which state of the path a request was made by */
  readonly digest: string;
}

export interface InstalledFiles {
  readonly inventory: InventoryManifest;
  readonly policies: readonly PolicyManifest[];
  readonly paths: readonly InstalledPath[];
  /** directories that promotion paths write: nobody else does */
  readonly owned: readonly OwnedDirectory[];
  /** the path of an application, undefined when it has none */
  readonly pathFor: (application: string) => InstalledPath | undefined;
  /** the policy in force for a subject, undefined when there is not exactly one */
  readonly policyFor: (subject: PolicySubject) => PolicyManifest | undefined;
}

/**
 * @throws ManifestError with every fault and its place; InstallationError when files are missing
 */
export function readInstalledFiles(installation: Installation): InstalledFiles {
  const { inventory: inventoryFile, policies: policyFolder, paths: pathFolder } = installation.files;
  const found = readManifests(
    [
      inventoryFile,
      ...yamlFilesIn(policyFolder, 'policies'),
      ...(pathFolder === undefined ? [] : yamlFilesIn(pathFolder, 'paths')),
    ].map((file) => ({ file, text: readText(file) })),
  );
  const inventory = onlyInventory(found, inventoryFile);
  for (const [kind, asked] of [
    ['Fleet', found.fleets],
    ['Promotion', found.promotions],
  ] as const) {
    const [first] = asked;
    if (first !== undefined) {
      throw new InstallationError(
        `${first.document.file} holds a ${kind}: the folders of an installation hold policies and paths only.`,
      );
    }
  }
  const faults = [
    ...policyFaults(found.policies, inventory),
    ...pathFaults(found.paths, inventory, installation.systems),
  ];
  if (faults.length > 0) throw new ManifestError(faults);
  const policies = found.policies.map((policy) => policy.manifest);
  const paths = found.paths.map(({ manifest }) => ({ manifest, digest: digest(canonicalJson(manifest)) }));
  return {
    inventory,
    policies,
    paths,
    owned: directoriesOfPaths(found.paths.map(({ manifest }) => manifest)),
    pathFor: (application) => paths.find(({ manifest }) => manifest.metadata.name === application),
    policyFor: (subject) => policyOrNone(policies, subject),
  };
}

function onlyInventory({ inventories }: Manifests, file: string): InventoryManifest {
  const [inventory] = inventories;
  if (inventory === undefined || inventories.length > 1) {
    throw new InstallationError(`${file} must hold exactly one Inventory; found ${inventories.length}.`);
  }
  return inventory.manifest;
}

function policyOrNone(
  policies: readonly PolicyManifest[],
  subject: PolicySubject,
): PolicyManifest | undefined {
  try {
    return choosePolicy(policies, subject).policy;
  } catch (error) {
    if (error instanceof PolicyChoiceError) return undefined;
    throw error;
  }
}

function yamlFilesIn(folder: string, what: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml') || name.endsWith('.yml'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    throw new InstallationError(`The folder of ${what} ${folder} cannot be read.`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new InstallationError(`${file} cannot be read.`);
  }
}
