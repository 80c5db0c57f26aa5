/** Reads of a repository what rendering a directory needs: the directory, and whatever its kustomizations lead to. */
import { createHash } from 'node:crypto';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { directoryOf, type FileSet, isWithin, resolvePath } from '../../domain/file-set.js';
import type { Place } from '../../domain/promotion/path.js';
import type { GitLabRepositories, TreeEntry } from '../../systems/gitlab/repositories.js';
import { KUSTOMIZATION_NAMES } from '../../systems/kustomize/kustomization-file.js';
import { matcherOf } from '../edits/keep-patterns.js';
import { ignoreFilesFor } from '../rendering/flux-ignored.js';
import { RenderedError } from '../rendering/rendered-objects.js';

/** A regular file, executable or not. */
const REGULAR = /^100/;
const LINK = '120000';

type Repositories = Pick<GitLabRepositories, 'tree' | 'blobs'>;

export interface ReadPlace {
  readonly project: string;
  /** full commit id */
  readonly commit: string;
  readonly directory: string;
}

/**
 * The files of a place of a path, with the value files that it names elsewhere.
 * @param copied all of them are taken over but those that are kept, so none may be anything but text
 * @throws SystemError; RenderedError for symbolic links, and for a file that is no text and would be rendered or taken over
 */
export async function readPlace(
  repositories: Repositories,
  { project, directory, helm, deliveries }: Pick<Place, 'project' | 'directory' | 'helm' | 'deliveries'>,
  commit: string,
  copied: { readonly keep: readonly string[] } | undefined,
  signal?: AbortSignal,
): Promise<FileSet> {
  const more = [
    ...(helm?.valueFiles ?? []).flatMap((name) => resolvePath(directory, name) ?? []),
    ...(deliveries.some(({ kind }) => kind === 'flux') ? ignoreFilesFor(directory) : []),
  ];
  const { files, named, binary, links } = await read(
    repositories,
    { project, commit, directory },
    signal,
    more,
  );
  const [link] = links;
  if (link !== undefined) {
    // Argo CD and Flux follow links inside of a repository
    throw new RenderedError(
      `${link} is a symbolic link, which a cluster would follow and nobody would see here`,
      'Commit the file that it leads to in its place.',
    );
  }
  const isKept = matcherOf(copied?.keep ?? []);
  const isTaken = (path: string): boolean =>
    copied !== undefined && !isKept(directory === '' ? path : path.slice(directory.length + 1));
  const unreadable = binary.find((path) => isTaken(path) || named.has(path));
  if (unreadable !== undefined) {
    throw new RenderedError(
      `${unreadable} is not UTF-8 text, so it can be neither shown nor taken over`,
      isTaken(unreadable)
        ? 'Let this place keep it (copy with keep), or move it out of the directory.'
        : 'Save it as UTF-8, or bring it into the cluster as a Secret of its own.',
    );
  }
  return files;
}

/**
 * Texts of a directory and of all that its kustomizations lead to; links and what is no text are left out.
 * @returns repository path to text
 * @throws SystemError when files are too many or too large
 */
export async function readDirectory(
  repositories: Repositories,
  place: ReadPlace,
  signal?: AbortSignal,
): Promise<FileSet> {
  return (await read(repositories, place, signal, [])).files;
}

interface ReadFiles {
  readonly files: FileSet;
  /** paths that kustomizations name */
  readonly named: ReadonlySet<string>;
  /** paths of files that are no text */
  readonly binary: readonly string[];
  readonly links: readonly string[];
}

/** Only the directories concerned are read, however large the repository. */
async function read(
  repositories: Repositories,
  { project, commit, directory }: ReadPlace,
  signal: AbortSignal | undefined,
  more: readonly string[],
): Promise<ReadFiles> {
  const files = new Map<string, string>();
  const binary: string[] = [];
  const links: string[] = [];
  const named = new Set<string>();
  const done = new Set<string>();
  const listing = new Listing(repositories, project, commit, signal);
  let wanted = await listing.below(directory);
  for (const path of more) wanted = [...wanted, ...(await listing.file(path))];
  while (wanted.length > 0) {
    for (const { path } of wanted) done.add(path);
    links.push(...wanted.filter(({ mode }) => mode === LINK).map(({ path }) => path));
    const entries = wanted.filter(({ mode }) => REGULAR.test(mode));
    const texts = new Map<string, string>();
    for (const [path, bytes] of await repositories.blobs({ project, entries }, signal)) {
      const text = textIn(bytes);
      if (text === undefined) binary.push(path);
      else texts.set(path, text);
    }
    const next = new Map<string, TreeEntry>();
    for (const [path, text] of texts) files.set(path, text);
    for (const name of namesIn(texts)) {
      if (named.has(name)) continue;
      named.add(name);
      const found = [...(await listing.below(name)), ...(await listing.file(name))];
      for (const entry of found) if (!done.has(entry.path)) next.set(entry.path, entry);
    }
    wanted = [...next.values()];
  }
  return { files, named, binary, links };
}

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What stands in a commit, each directory listed once. */
class Listing {
  readonly #trees = new Map<string, readonly TreeEntry[]>();
  readonly #folders = new Map<string, readonly TreeEntry[]>();
  readonly #repositories: Pick<Repositories, 'tree'>;
  readonly #project: string;
  readonly #ref: string;
  readonly #signal: AbortSignal | undefined;

  constructor(
    repositories: Pick<Repositories, 'tree'>,
    project: string,
    ref: string,
    signal: AbortSignal | undefined,
  ) {
    this.#repositories = repositories;
    this.#project = project;
    this.#ref = ref;
    this.#signal = signal;
  }

  /** Everything below a directory; below one that is listed already nothing is asked. */
  async below(path: string): Promise<readonly TreeEntry[]> {
    const within = (entries: readonly TreeEntry[]) => entries.filter((entry) => isWithin(path, entry.path));
    for (const [known, entries] of this.#trees) if (isWithin(known, path)) return within(entries);
    const entries = within(await this.#ask(path, true));
    this.#trees.set(path, entries);
    return entries;
  }

  /** One file, found in the listing of its directory without what is below: none when it is not there. */
  async file(path: string): Promise<readonly TreeEntry[]> {
    const directory = directoryOf(path);
    for (const [known, entries] of this.#trees) {
      if (isWithin(known, directory)) return entries.filter((entry) => entry.path === path);
    }
    const entries = this.#folders.get(directory) ?? (await this.#ask(directory, false));
    this.#folders.set(directory, entries);
    return entries.filter((entry) => entry.path === path);
  }

  async #ask(path: string, recursive: boolean): Promise<readonly TreeEntry[]> {
    const [project, ref] = [this.#project, this.#ref];
    const where = path === '' ? {} : { path };
    return await this.#repositories.tree({ project, ref, recursive, ...where }, this.#signal);
  }
}

/** What kustomizations name: files, or directories, which mean all of their files. */
function namesIn(texts: FileSet): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [path, text] of texts) {
    if (!KUSTOMIZATION_NAMES.some((name) => path === name || path.endsWith(`/${name}`))) continue;
    for (const value of scalarsIn(parseDocument(text, { logLevel: 'silent' }).contents)) {
      // generators name files as `key=path`
      for (const written of new Set([value, value.slice(value.indexOf('=') + 1)])) {
        const name = PATH.test(written) ? resolvePath(directoryOf(path), written) : undefined;
        if (name !== undefined && name !== '') names.add(name);
      }
    }
  }
  return names;
}

/** What may be a path: patches and addresses are none. */
const PATH = /^(?!https?:)[^\s:{}]{1,400}$/;

function scalarsIn(node: unknown): readonly string[] {
  if (isScalar(node)) return typeof node.value === 'string' ? [node.value] : [];
  if (isSeq(node)) return node.items.flatMap(scalarsIn);
  if (isMap(node)) return node.items.flatMap((pair) => scalarsIn(pair.value));
  return [];
}

/** SHA-256 of a text in hexadecimal digits; null of a file that is not there. */
export function hashOf(text: string): string;
export function hashOf(text: string | null): string | null;
export function hashOf(text: string | null): string | null {
  return text === null ? null : createHash('sha256').update(text, 'utf8').digest('hex');
}
