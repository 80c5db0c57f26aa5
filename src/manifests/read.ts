/** Reads files of any kind: one text may hold several documents, and all their faults are told at once. */
import {
  API_VERSION,
  type FleetManifest,
  type InventoryManifest,
  type PolicyManifest,
} from '../domain/manifest.js';
import type { PathManifest } from '../domain/promotion/path.js';
import { ManifestError, type ManifestFault } from './fault.js';
import { readFleet } from './fleet.js';
import { readInventory } from './inventory.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';
import { type PositionedDocument, parseDocuments } from './parse.js';
import { readPath } from './path.js';
import { readPolicy } from './policy.js';
import { type PromotionManifest, readPromotion } from './promotion.js';

export interface Manifests {
  readonly fleets: readonly Located<FleetManifest>[];
  readonly policies: readonly Located<PolicyManifest>[];
  readonly inventories: readonly Located<InventoryManifest>[];
  readonly paths: readonly Located<PathManifest>[];
  readonly promotions: readonly Located<PromotionManifest>[];
}

/** What somebody asks for: a fleet or a promotion. */
export type AskedManifest = Located<FleetManifest> | Located<PromotionManifest>;

const KINDS = ['Fleet', 'Promotion', 'Policy', 'Path', 'Inventory'] as const;
type Kind = (typeof KINDS)[number];

/**
 * Reads every document of the given texts.
 * @throws ManifestError with all faults of all texts
 */
export function readManifests(texts: readonly { readonly file: string; readonly text: string }[]): Manifests {
  const faults: ManifestFault[] = [];
  const fleets: Located<FleetManifest>[] = [];
  const policies: Located<PolicyManifest>[] = [];
  const inventories: Located<InventoryManifest>[] = [];
  const paths: Located<PathManifest>[] = [];
  const promotions: Located<PromotionManifest>[] = [];
  const readers: Readonly<Record<Kind, (document: PositionedDocument) => readonly ManifestFault[]>> = {
    Fleet: (document) => collect(readFleet(document), fleets),
    Promotion: (document) => collect(readPromotion(document), promotions),
    Policy: (document) => collect(readPolicy(document), policies),
    Path: (document) => collect(readPath(document), paths),
    Inventory: (document) => collect(readInventory(document), inventories),
  };
  for (const { file, text } of texts) {
    for (const document of documentsOf(file, text, faults)) {
      const kind = kindOf(document, faults);
      if (kind !== undefined) faults.push(...readers[kind](document));
    }
  }
  if (faults.length > 0) throw new ManifestError(faults);
  return { fleets, policies, inventories, paths, promotions };
}

/**
 * Reads a text that must hold exactly one `Fleet` or one `Promotion` and nothing else.
 * @throws ManifestError
 */
export function readOneRequest(file: string, text: string): AskedManifest {
  const { fleets, promotions, policies, paths, inventories } = readManifests([{ file, text }]);
  const [asked, second]: readonly AskedManifest[] = [...fleets, ...promotions];
  const extra = second ?? policies[0] ?? paths[0] ?? inventories[0];
  if (asked !== undefined && extra === undefined) return asked;
  throw new ManifestError([
    {
      file,
      ...(extra?.document.place([]) ?? { line: 1, column: 1 }),
      path: '',
      message:
        asked === undefined
          ? 'holds no document of kind Fleet or Promotion'
          : 'a request takes one document of kind Fleet or Promotion: policies, paths and the inventory live with the installation',
    },
  ]);
}

/**
 * Reads a text that must hold exactly one `Fleet` and nothing else.
 * @throws ManifestError
 */
export function readOneFleet(file: string, text: string): Located<FleetManifest> {
  const asked = readOneRequest(file, text);
  if (isFleet(asked)) return asked;
  const place = asked.document.place(['kind']);
  throw new ManifestError([{ file, ...place, path: 'kind', message: 'must be "Fleet" here' }]);
}

/** Tells the two kinds of request apart. */
export function isFleet(asked: AskedManifest): asked is Located<FleetManifest> {
  return asked.manifest.kind === 'Fleet';
}

function documentsOf(file: string, text: string, faults: ManifestFault[]): readonly PositionedDocument[] {
  try {
    return parseDocuments(file, text);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    faults.push(...error.faults);
    return [];
  }
}

function collect<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly faults: readonly ManifestFault[] },
  into: T[],
): readonly ManifestFault[] {
  if (!result.ok) return result.faults;
  into.push(result.value);
  return [];
}

function kindOf(document: PositionedDocument, faults: ManifestFault[]): Kind | undefined {
  const { value } = document;
  const fault = faultMaker(document);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.push(fault([], 'must be a block of "key: value" with apiVersion, kind, metadata and spec'));
    return undefined;
  }
  const written: unknown = 'kind' in value ? value.kind : undefined;
  const kind = KINDS.find((known) => known === written);
  if (kind !== undefined) return kind;
  if (!('apiVersion' in value)) faults.push(fault([], `"apiVersion" is missing: ${API_VERSION}`));
  faults.push(
    typeof written === 'string'
      ? fault(['kind'], `"${written.slice(0, 64)}" is not a kind: ${suggest(written, KINDS)}`)
      : fault(['kind'], `"kind" is missing: ${suggest('', KINDS)}`),
  );
  return undefined;
}
