/** Everything that a kustomization reads, followed by us before kustomize may follow it. */
import { directoryOf, type FileSet, resolvePath } from '../../domain/file-set.js';
import { fieldOf, textOf } from '../http/field.js';
import { expandsTooMuch } from '../yaml-limits.js';
import {
  CHARTS,
  DIRECTORIES,
  FILE_KEYS,
  FILES,
  HARMLESS_PLUGINS,
  KNOWN_FIELDS,
  PATCH_TEXTS,
  PLUGINS,
  SOURCES,
  WITH_FILES,
  WITH_PATH,
} from './kustomization-fields.js';
import {
  foldedKey,
  KUSTOMIZATION_NAMES,
  type KustomizationFault,
  kustomizationsIn,
  mapsOf,
  readPlainYaml,
  textsOf,
} from './kustomization-file.js';

export interface KustomizationTree {
  /** directories with a kustomization that are rendered, the first one included */
  readonly directories: readonly string[];
  /** all files that are read */
  readonly files: readonly string[];
  /** why it is not rendered; empty when it may be */
  readonly faults: readonly KustomizationFault[];
}

/**
 * Whether files may be named that stand outside of the kustomization's own directory: `directory` is the rule of kustomize
 * and Argo CD, `repository` that of Flux (source: fluxcd/pkg kustomize, SecureBuild). Directories may be anywhere in the
 * repository either way.
 */
export type FileReach = 'directory' | 'repository';

/** Follows a kustomization and everything below it. Reads nothing but the given files. */
export function kustomizationTree(files: FileSet, directory: string, reach: FileReach): KustomizationTree {
  const walk = new Walk(files, reach);
  walk.enter(directory, []);
  return { directories: [...walk.directories], files: [...walk.read].sort(), faults: walk.faults };
}

/** How kustomize tells an address (source: api/internal/git/repospec.go and loader/fileloader.go). */
const REMOTE =
  /^\s*(?:git::)?(?:(?:https?|ssh|file):|[a-z][a-z0-9-]*@|github\.com[/:])|[?&](?:ref|version)=/i;

/** Nobody nests or lists like this; keeps the time of the walk small. */
const MAX_DEPTH = 30;
const MAX_FAULTS = 50;

const SELF_CONTAINED =
  'Copy it into the repository, so that the reviewed commit holds all that is rendered, and name the copy.';

class Walk {
  readonly directories = new Set<string>();
  readonly read = new Set<string>();
  readonly faults: KustomizationFault[] = [];
  readonly #files: FileSet;
  readonly #reach: FileReach;
  readonly #directoriesThatExist: ReadonlySet<string>;

  constructor(files: FileSet, reach: FileReach) {
    this.#files = files;
    this.#reach = reach;
    const directories = new Set<string>(['']);
    for (const path of files.keys()) {
      for (let at = directoryOf(path); at !== ''; at = directoryOf(at)) directories.add(at);
    }
    this.#directoriesThatExist = directories;
  }

  enter(directory: string, above: readonly string[]): void {
    const [file, other] = kustomizationsIn(this.#files, directory);
    const place = directory === '' ? 'the root of the repository' : directory;
    if (file === undefined) {
      const message = `${place} has no ${KUSTOMIZATION_NAMES[0]}`;
      this.#fault('missing', above.at(-1) ?? directory, message, 'Add one, or correct the path.');
      return;
    }
    if (other !== undefined) {
      this.#fault('unreadable', file, `${other} stands beside it`, 'Keep one kustomization in a directory.');
      return;
    }
    if (above.includes(file) || above.length >= MAX_DEPTH) {
      this.#fault('cycle', file, 'it contains itself, or lies too deep', 'Take the reference out.');
      return;
    }
    // what was followed before is the same here: several overlays may share a base
    if (this.directories.has(directory)) return;
    this.directories.add(directory);
    const value = this.#readMap(file);
    if (value !== undefined) this.#follow({ file, directory, above: [...above, file] }, value);
  }

  #readMap(file: string): object | undefined {
    this.read.add(file);
    const read = readPlainYaml(this.#files.get(file) ?? '');
    const why = 'why' in read ? read.why : read.values.length > 1 ? 'several documents' : undefined;
    const value = 'values' in read ? read.values[0] : undefined;
    if (why === undefined && typeof value === 'object' && value !== null && !Array.isArray(value))
      return value;
    this.#fault('unreadable', file, why ?? 'not a map', 'Write it as one plain YAML document.');
    return undefined;
  }

  #follow(at: At, value: object): void {
    for (const key of Object.keys(value)) {
      if (KNOWN_FIELDS.has(key)) continue;
      const message = `the field "${printable(key)}" is not known`;
      this.#fault('unknown-field', at.file, message, 'Correct its name; upper and lower case count.');
    }
    for (const key of CHARTS) {
      if (fieldOf(value, key) === undefined) continue;
      const remedy =
        'Deploy the chart by a HelmRelease or an Argo CD Application, or commit its rendered manifests.';
      this.#fault('helm', at.file, `"${key}" would fetch and render a chart`, remedy);
    }
    for (const key of SOURCES) for (const entry of this.#entries(at, value, key)) this.#source(at, entry);
    for (const key of DIRECTORIES)
      for (const entry of this.#entries(at, value, key)) this.#directory(at, entry);
    for (const key of FILES) for (const entry of this.#entries(at, value, key)) this.#file(at, entry);
    for (const key of PATCH_TEXTS)
      for (const entry of this.#entries(at, value, key)) this.#patchText(at, entry);
    for (const key of PLUGINS) for (const entry of this.#entries(at, value, key)) this.#plugin(at, entry);
    for (const key of WITH_PATH) for (const entry of mapsOf(value, key)) this.#paths(at, entry);
    for (const key of WITH_FILES) for (const entry of mapsOf(value, key)) this.#paths(at, entry);
    const openapi = fieldOf(value, 'openapi');
    if (typeof openapi === 'object' && openapi !== null) this.#paths(at, openapi);
  }

  /** Entries of a list of texts; what is something else there is a fault, since kustomize might make a text of it. */
  #entries(at: At, value: object, key: string): readonly string[] {
    const list = fieldOf(value, key);
    const texts = textsOf(value, key);
    const wrong =
      list !== undefined && list !== null && (!Array.isArray(list) || texts.length !== list.length);
    if (wrong)
      this.#fault('unreadable', at.file, `"${key}" is not a list of texts`, 'Write each entry as text.');
    return texts;
  }

  #source(at: At, entry: string): void {
    const path = this.#local(at, entry);
    if (path === undefined) return;
    if (this.#directoriesThatExist.has(path)) this.enter(path, at.above);
    else this.#existing(at, entry, path);
  }

  #directory(at: At, entry: string): void {
    const path = this.#local(at, entry);
    if (path === undefined) return;
    if (this.#directoriesThatExist.has(path)) this.enter(path, at.above);
    else
      this.#fault('missing', at.file, `the directory ${printable(entry)} is not there`, 'Correct the path.');
  }

  #file(at: At, entry: string): string | undefined {
    const path = this.#local(at, entry);
    return path === undefined ? undefined : this.#existing(at, entry, path);
  }

  /** Marks a file as read. */
  #existing(at: At, entry: string, path: string): string | undefined {
    if (!this.#files.has(path)) {
      this.#fault(
        'missing',
        at.file,
        `${printable(entry)} is not there`,
        'Add the file, or correct the path.',
      );
      return undefined;
    }
    if (this.#reach === 'directory' && !path.startsWith(prefixOf(at.directory))) {
      const remedy = `Copy it below ${at.directory}, or give its directory a kustomization and name that.`;
      this.#fault('outside', at.file, `the file ${printable(entry)} is outside of its directory`, remedy);
      return undefined;
    }
    if (!this.read.has(path) && expandsTooMuch(this.#files.get(path) ?? '')) {
      const message = 'its aliases cannot be followed, or multiply without end';
      this.#fault('too-large', path, message, 'Write the values out instead of using anchors and aliases.');
      return undefined;
    }
    this.read.add(path);
    return path;
  }

  /** The path in the repository that an entry means. */
  #local(at: At, entry: string): string | undefined {
    if (REMOTE.test(entry)) {
      this.#fault('remote', at.file, `${printable(entry)} is fetched from elsewhere`, SELF_CONTAINED);
      return undefined;
    }
    const path = entry.trim() === '' ? undefined : resolvePath(at.directory, entry);
    if (path === undefined) {
      const remedy = 'Use a relative path that stays in the repository.';
      this.#fault('outside', at.file, `${printable(entry)} leads out of the repository`, remedy);
    }
    return path;
  }

  /** kustomize takes what reads as an object for a patch, anything else for a path. */
  #patchText(at: At, entry: string): void {
    if (!this.#remoteText(at, entry) && this.#inline(at, entry) === undefined) this.#file(at, entry);
  }

  #plugin(at: At, entry: string): void {
    if (this.#remoteText(at, entry)) return;
    const inline = this.#inline(at, entry);
    if (inline !== undefined) {
      for (const value of inline) this.#pluginObject(at, at.file, value);
      return;
    }
    const path = this.#local(at, entry);
    if (path !== undefined && this.#directoriesThatExist.has(path)) {
      const remedy = 'Name each file of it.';
      this.#fault(
        'program',
        at.file,
        `transformers from a directory (${printable(entry)}) are not rendered`,
        remedy,
      );
      return;
    }
    const file = path === undefined ? undefined : this.#existing(at, entry, path);
    if (file === undefined) return;
    const read = readPlainYaml(this.#files.get(file) ?? '');
    if ('why' in read) this.#fault('unreadable', file, read.why, 'Write it as plain YAML.');
    else for (const value of read.values) this.#pluginObject(at, file, value);
  }

  #pluginObject(at: At, file: string, value: unknown): void {
    if (value === null || value === undefined) return;
    const kind = textOf(value, 'kind') ?? '';
    const annotations = fieldOf(fieldOf(value, 'metadata'), 'annotations');
    const isFunction =
      typeof annotations === 'object' &&
      annotations !== null &&
      Object.keys(annotations).some((name) => /^config\.(?:kubernetes|k8s)\.io\/function$/i.test(name));
    if (kind === 'HelmChartInflationGenerator') {
      this.#fault(
        'helm',
        file,
        'it would fetch and render a chart',
        'Commit the rendered manifests instead.',
      );
    } else if (isFunction || textOf(value, 'apiVersion') !== 'builtin' || !HARMLESS_PLUGINS.has(kind)) {
      const remedy = 'Use the fields of the kustomization or a built-in transformer, or commit the result.';
      this.#fault('program', file, `"${printable(kind)}" would run a program or plugin`, remedy);
    } else {
      if (typeof value === 'object') this.#paths(at, value);
      for (const entry of mapsOf(value, 'replacements')) this.#paths(at, entry);
    }
  }

  /** Follows `path`, `paths`, `files`, `envs` and `env` of an entry. */
  #paths(at: At, entry: object): void {
    for (const [key, value] of Object.entries(entry)) {
      const folded = foldedKey(key);
      if (!FILE_KEYS.has(folded) && key !== '<<') continue;
      if (folded !== key || key === '<<') {
        const message = `the field "${printable(key)}" is not known`;
        this.#fault(
          'unknown-field',
          at.file,
          message,
          key === '<<' ? 'Write the keys out.' : `Write it as "${folded}".`,
        );
        continue;
      }
      const texts = (Array.isArray(value) ? value : [value]).filter((item) => item !== null && item !== '');
      for (const text of texts) {
        if (typeof text !== 'string') {
          this.#fault('unreadable', at.file, `"${key}" is not text`, 'Write it as text.');
        } else if (key === 'paths') this.#patchText(at, text);
        // `name=path`: the name under which the content is kept
        else this.#file(at, key === 'files' ? text.slice(text.indexOf('=') + 1) : text);
      }
    }
  }

  /** The objects of a text that is not a path; undefined for a path. */
  #inline(at: At, entry: string): readonly unknown[] | undefined {
    if (!/[\n{]|: /.test(entry)) return undefined;
    const read = readPlainYaml(entry);
    if ('why' in read) {
      this.#fault('unreadable', at.file, `an inline document: ${read.why}`, 'Write it as plain YAML.');
      return [];
    }
    const values = read.values.filter((value) => value !== null);
    return values.length > 0 && values.every((value) => typeof value === 'object') ? values : undefined;
  }

  #remoteText(at: At, entry: string): boolean {
    if (!REMOTE_START.test(entry)) return false;
    this.#fault('remote', at.file, `${printable(entry)} is fetched from elsewhere`, SELF_CONTAINED);
    return true;
  }

  #fault(code: KustomizationFault['code'], file: string, message: string, remedy: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ code, file, message, remedy });
  }
}

interface At {
  readonly file: string;
  readonly directory: string;
  /** kustomization files from the first one down to this one */
  readonly above: readonly string[];
}

/** An address at the start of a text that may also be a whole patch. */
const REMOTE_START = /^\s*(?:git::)?(?:https?|ssh|file):/i;

/** Longest quotation of an entry. */
const LONGEST = 120;

function printable(entry: string): string {
  // a password in an address has no business in a message
  const text = entry.replace(/\/\/[^/@\s]+@/g, '//').replace(/[\p{Cc}\p{Cf}]/gu, ' ');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function prefixOf(directory: string): string {
  return directory === '' ? '' : `${directory}/`;
}
