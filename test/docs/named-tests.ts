/** Tables of the docs whose rows name a test: file, then title as it stands there. */
import { readdir, readFile } from 'node:fs/promises';

const ROOT = new URL('../../', import.meta.url);

export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

export interface Row {
  readonly line: number;
  readonly text: string;
  /** cells before the last */
  readonly cells: readonly string[];
  /** undefined when the row names no test in the form of the page */
  readonly test: NamedTest | undefined;
}

/**
 * Rows of the tables below a heading, or of the whole page.
 * @param page from the root of the repository
 * @param first name of the first column, by which a table's head is known
 */
export async function namingRows(page: string, first: string, heading?: string): Promise<readonly Row[]> {
  const text = await readFile(new URL(page, ROOT), 'utf8');
  const from = heading === undefined ? 0 : text.indexOf(`\n## ${heading}\n`) + 1;
  const next = heading === undefined ? -1 : text.indexOf('\n## ', from);
  const lineOfStart = text.slice(0, from).split('\n').length;
  const section = text.slice(from, next < 0 ? undefined : next);
  return section.split('\n').flatMap((one, index) => {
    if (!one.startsWith('| ') || one.startsWith('| ---') || one.startsWith(`| ${first} |`)) return [];
    const cells = one.replace(/^\| | \|$/g, '').split(' | ');
    const [, file, title] = /^`((?:test|bench)\/[\w./-]+\.ts)`: (.+)$/.exec(cells.at(-1) ?? '') ?? [];
    const test = file && title ? { file, title } : undefined;
    return [{ line: lineOfStart + index, text: one, cells: cells.slice(0, -1), test }];
  });
}

/** What is wrong with rows: no test, no such file, nothing that runs it, no such title. */
export async function faultsOf(rows: readonly Row[]): Promise<readonly string[]> {
  const files = new Set(await readdir(new URL('test/', ROOT), { recursive: true }));
  const wrong: string[] = [];
  for (const { line, text, test } of rows) {
    if (test === undefined) wrong.push(`line ${line} names no test: ${text}`);
    else {
      const fault = await faultOf(test, files);
      if (fault !== undefined) wrong.push(`line ${line}: ${fault}`);
    }
  }
  return wrong;
}

async function faultOf({ file, title }: NamedTest, files: ReadonlySet<string>): Promise<string | undefined> {
  const source = await readFile(new URL(file, ROOT), 'utf8').catch(() => undefined);
  if (source === undefined) return `there is no ${file}`;
  if (!file.endsWith('.test.ts') && !(await isRun(file, files))) return `no test file runs ${file}`;
  return hasTest(source, title) ? undefined : `${file} has no test "${title}"`;
}

/** True when the title stands in the file as a text of its own; the check of words refuses tests that are switched off. */
export function hasTest(source: string, title: string): boolean {
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((literal) => source.includes(literal));
}

/** True when a test file imports it: a contract from beside it, an accident from where it is played, or by a list beside it. */
async function isRun(file: string, files: ReadonlySet<string>): Promise<boolean> {
  const name = file.split('/').at(-1)?.replace(/\.ts$/, '.js');
  const folder = file.startsWith('bench/')
    ? file.replace(/^bench\//, '').replace(/[^/]+$/, '')
    : file.replace(/^test\//, '').replace(/[^/]+$/, '');
  const beside = [...files].filter((one) => one.startsWith(folder) && one.endsWith('.test.ts'));
  const sources = await Promise.all(beside.map((one) => readFile(new URL(`test/${one}`, ROOT), 'utf8')));
  if (!file.startsWith('bench/')) return sources.some((source) => source.includes(`'./${name}'`));
  const own = file.replace(/[^/]+$/, '');
  const lists = await listsOf(own, `'./${name}'`);
  return [name, ...lists].some((one) => sources.some((source) => source.includes(`/${own}${one}'`)));
}

/** Files of a folder that import one of its files. */
async function listsOf(folder: string, imported: string): Promise<readonly string[]> {
  const names = (await readdir(new URL(folder, ROOT))).filter((name) => name.endsWith('.ts'));
  const found = await Promise.all(
    names.map(async (name) =>
      (await readFile(new URL(`${folder}${name}`, ROOT), 'utf8')).includes(imported) ? [name] : [],
    ),
  );
  return found.flat().map((name) => name.replace(/\.ts$/, '.js'));
}
