/** One kustomization file as data, read so that kustomize cannot see more in it than we do. */
import { type Document, isAlias, parseAllDocuments, visit } from 'yaml';
import type { FileSet } from '../../domain/file-set.js';
import { fieldOf } from '../http/field.js';
import { duplicateKeyAt, mayNestTooDeep } from '../yaml-limits.js';

/** Source: kustomize, api/konfig/general.go: any of these, and only one of them in a directory. */
export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** Something in the sources that is not rendered; `remedy` says what to write instead. */
export interface KustomizationFault {
  readonly code:
    | 'missing'
    | 'unreadable'
    /** would be fetched from elsewhere while rendering */
    | 'remote'
    /** leads out of the repository, or for a file out of the directory where that is not allowed */
    | 'outside'
    /** would run a program or a plugin */
    | 'program'
    /** would fetch and render a chart */
    | 'helm'
    | 'cycle'
    | 'unknown-field'
    | 'too-large';
  /** path in the repository */
  readonly file: string;
  readonly message: string;
  readonly remedy: string;
}

/** Paths of the kustomization files in a directory; more than one is a fault that kustomize reports too. */
export function kustomizationsIn(files: FileSet, directory: string): readonly string[] {
  return KUSTOMIZATION_NAMES.map((name) => (directory === '' ? name : `${directory}/${name}`)).filter(
    (path) => files.has(path),
  );
}

/** Larger ones are no work of people. */
const MAX_BYTES = 512 * 1024;
const MAX_ALIASES = 20;

/**
 * Reads YAML as plain data. Refused is what readers of YAML disagree about: keys that stand twice, tags (`!!binary` would
 * turn into another text), aliases without end.
 * @returns one value for each document, or why it is not read
 */
export function readPlainYaml(
  text: string,
): { readonly values: readonly unknown[] } | { readonly why: string } {
  if (Buffer.byteLength(text, 'utf8') > MAX_BYTES) return { why: `larger than ${MAX_BYTES / 1024} KiB` };
  if (mayNestTooDeep(text)) return { why: 'nested too deeply, or with too many brackets' };
  try {
    const documents = [...parseAllDocuments(text, { merge: true, logLevel: 'error', uniqueKeys: false })];
    for (const document of documents) {
      const error = document.errors[0];
      if (error !== undefined) return { why: `not valid YAML (${error.code})` };
      if (duplicateKeyAt(document) !== undefined) return { why: 'a key stands twice in the same map' };
      if (hasTag(document)) return { why: 'tags (a word after "!") are used' };
    }
    return {
      values: documents.map((document): unknown => document.toJS({ maxAliasCount: MAX_ALIASES })),
    };
  } catch {
    return { why: 'nested too deeply, or with aliases without end' };
  }
}

function hasTag(document: Document.Parsed): boolean {
  let found = false;
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node) || node.tag === undefined) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** Texts of the list under a key. */
export function textsOf(value: unknown, key: string): readonly string[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : [];
}

/** Maps of the list under a key. */
export function mapsOf(value: unknown, key: string): readonly object[] {
  const list = fieldOf(value, key);
  return Array.isArray(list)
    ? list.filter((item): item is object => typeof item === 'object' && item !== null)
    : [];
}

/** Upper and lower case as Go's JSON reader sees them when it looks for a field: `Resources` and `reſources` are `resources`. */
export function foldedKey(key: string): string {
  return key.toLowerCase().replaceAll('ſ', 's');
}
