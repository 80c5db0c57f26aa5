/**
 * `Chart.lock` beside an edited `Chart.yaml`: `helm dependency build`, which Argo CD runs, refuses a lock that does not belong
 * to the dependencies (source: Helm, internal/resolver HashReq).
 */
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { directoryOf, type FileSet, type TextChange } from '../../domain/file-set.js';
import { EditRefused, type EditResult } from './edit-result.js';
import { setValueAt } from './set-value.js';

/** The fields of a dependency in the order in which Helm writes them; all but the repository are left out when empty. */
const FIELDS = [
  'name',
  'version',
  'repository',
  'condition',
  'tags',
  'enabled',
  'import-values',
  'alias',
] as const;

const EXACT = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * The edit of a `Chart.yaml` together with that of its lock: versions that are exact, and the hash over both.
 * @returns the same edit for any other file, and where there is no lock
 * @throws EditRefused for a lock that has other dependencies
 */
export function withChartLock(files: FileSet, path: string, edit: EditResult): EditResult {
  const [changed] = edit.files;
  if (changed?.after == null || !/(?:^|\/)Chart\.yaml$/.test(path)) return edit;
  const directory = directoryOf(path);
  const lockPath = directory === '' ? 'Chart.lock' : `${directory}/Chart.lock`;
  const before = files.get(lockPath);
  if (before === undefined) return edit;
  const wanted = dependenciesIn(changed.after);
  const locked = dependenciesIn(before);
  if (wanted.length !== locked.length || wanted.some((one, index) => one.name !== locked[index]?.name)) {
    throw new EditRefused({
      refusal: 'not-editable',
      path: lockPath,
      message: 'it locks other dependencies than Chart.yaml has',
      remedy: 'Run helm dependency update once and commit the lock.',
    });
  }
  let after: FileSet = new Map([[lockPath, before]]);
  const set = (at: string, value: string): void => {
    const [change] = setValueAt(after, lockPath, at, () => value).files;
    if (change?.after != null) after = new Map([[lockPath, change.after]]);
  };
  for (const [index, { version }] of wanted.entries()) {
    if (typeof version === 'string' && EXACT.test(version)) set(`dependencies[${index}].version`, version);
  }
  const text = after.get(lockPath) ?? before;
  set('digest', hashOf(wanted, dependenciesIn(text)));
  const lock: TextChange = { path: lockPath, before, after: after.get(lockPath) ?? before };
  return { ...edit, files: lock.after === before ? edit.files : [...edit.files, lock] };
}

type Dependency = Readonly<Partial<Record<(typeof FIELDS)[number], unknown>>>;

function dependenciesIn(text: string): readonly Dependency[] {
  const value: unknown = parse(text, { maxAliasCount: 0, logLevel: 'silent' });
  const list: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'dependencies') : undefined;
  return Array.isArray(list)
    ? list.filter((one): one is Dependency => typeof one === 'object' && one !== null)
    : [];
}

function hashOf(wanted: readonly Dependency[], locked: readonly Dependency[]): string {
  const text = JSON.stringify([wanted.map(written), locked.map(written)]);
  return `sha256:${createHash('sha256').update(asGo(text)).digest('hex')}`;
}

function written(dependency: Dependency): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    FIELDS.flatMap((field): [string, unknown][] => {
      const value = dependency[field];
      if (field === 'repository') return [[field, value ?? '']];
      const isEmpty =
        value === undefined || value === null || value === '' || value === false || isEmptyList(value);
      return isEmpty ? [] : [[field, value]];
    }),
  );
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Go's encoder escapes what could end a script in a page. */
function asGo(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
