/** A values file parsed with its places, and the refusal of what cannot be edited safely. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { DEPTH_OF_KUBERNETES, tooDeepAt } from '../../manifests/depth.js';
import { duplicateKeyAt } from '../../systems/yaml-limits.js';
import { YamlEditError } from './yaml-edit-error.js';

/** Far above any values file; keeps the time of an edit small. */
const MAX_BYTES = 1024 * 1024;

export interface YamlDocument {
  readonly text: string;
  readonly root: Document.Parsed['contents'];
  /** 1-based line of a character offset */
  lineAt(offset: number): number;
}

/**
 * Parses one YAML document and keeps the tokens of the source.
 * @throws YamlEditError for what is not one valid document with unique keys
 */
export function readDocument(text: string): YamlDocument {
  if (Buffer.byteLength(text, 'utf8') > MAX_BYTES) {
    throw new YamlEditError({
      code: 'too-large',
      message: `the file is larger than ${MAX_BYTES / 1024} KiB`,
      remedy: 'Name a values file of its own for this service.',
    });
  }
  if (tooDeepAt(text, DEPTH_OF_KUBERNETES) !== undefined) {
    throw new YamlEditError({
      code: 'not-yaml',
      message: 'the file is nested too deeply',
      remedy: 'Simplify the file.',
    });
  }
  const lines = new LineCounter();
  // at level "silent" the parser would keep quiet about further documents
  const document = parseDocument(text, {
    keepSourceTokens: true,
    lineCounter: lines,
    logLevel: 'error',
    uniqueKeys: false,
  });
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const error = document.errors[0];
  if (error) throw refusalOf(error.code, lineAt(error.pos[0]));
  const twice = duplicateKeyAt(document);
  if (twice !== undefined) throw refusalOf('DUPLICATE_KEY', lineAt(twice));
  return { text, root: document.contents, lineAt };
}

function refusalOf(code: string, line: number): YamlEditError {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return new YamlEditError({
        code: 'multiple-documents',
        message: 'the file holds several YAML documents',
        remedy: 'Keep one document per file: Helm reads only one.',
        line,
      });
    case 'DUPLICATE_KEY':
      return new YamlEditError({
        code: 'duplicate-key',
        message: 'a key stands twice in the same map, so it is unclear which one counts',
        remedy: 'Remove one of the two keys.',
        line,
      });
    case 'TAB_AS_INDENT':
      return new YamlEditError({
        code: 'tabs',
        message: 'a tab is used for indentation, which YAML forbids',
        remedy: 'Indent with spaces.',
        line,
      });
    default:
      return new YamlEditError({
        code: 'not-yaml',
        message: `the file is not valid YAML (${code})`,
        remedy: 'Correct the file, then try again.',
        line,
      });
  }
}

/**
 * Every value of a document by its path, without following aliases (so that an alias bomb costs nothing). Two documents
 * with equal maps mean the same to every reader.
 */
export function valuesByPath(root: unknown): Map<string, string> {
  const values = new Map<string, string>();
  collect(root, '$', values);
  return values;
}

/** One step of such a path. */
export function stepOf(key: string): string {
  return `.${JSON.stringify(key)}`;
}

function collect(node: unknown, path: string, values: Map<string, string>): void {
  if (isMap(node)) {
    values.set(path, `map ${node.anchor ?? ''} ${node.tag ?? ''}`);
    for (const item of node.items) {
      if (!isPair(item)) continue;
      const name = keyText(item.key);
      const step = name === null ? `.${String(item.key)}` : stepOf(name);
      collect(item.value, `${path}${step}`, values);
    }
  } else if (isSeq(node)) {
    values.set(path, `list ${node.items.length} ${node.anchor ?? ''} ${node.tag ?? ''}`);
    for (const [index, item] of node.items.entries()) collect(item, `${path}[${index}]`, values);
  } else if (isAlias(node)) {
    values.set(path, `alias ${node.source}`);
  } else if (isScalar(node)) {
    values.set(path, scalarText(node.value, node.anchor, node.tag));
  } else {
    values.set(path, scalarText(null, undefined, undefined));
  }
}

/** How a scalar appears among the values of a document. */
export function scalarText(value: unknown, anchor: string | undefined, tag: string | undefined): string {
  return `scalar ${typeof value} ${JSON.stringify(value)} ${anchor ?? ''} ${tag ?? ''}`;
}

/** The text of a key as it stands in the file (`8080` and `1.10` too), or null for a key that is no scalar. */
export function keyText(key: unknown): string | null {
  if (!isScalar(key)) return null;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}
