import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

interface Row {
  readonly line: number;
  readonly text: string;
  /** undefined when the row names no test in the form of the page */
  readonly test: { readonly file: string; readonly title: string } | undefined;
}

async function rowsOfPage(): Promise<readonly Row[]> {
  const text = await readFile(new URL('docs/traps.md', ROOT), 'utf8');
  return text.split('\n').flatMap((one, index) => {
    if (!one.startsWith('| ') || one.startsWith('| ---') || one.startsWith('| trap |')) return [];
    const cell = one.replace(/ \|$/, '').split(' | ').at(-1) ?? '';
    const [, file, title] = /^`(test\/[\w./-]+\.(?:test|contract)\.ts)`: (.+)$/.exec(cell) ?? [];
    return [{ line: index + 1, text: one, test: file && title ? { file, title } : undefined }];
  });
}

/** True when the title stands in the file as a text of its own; the check of words refuses tests that are switched off. */
function hasTest(source: string, title: string): boolean {
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((literal) => source.includes(literal));
}

/** True when a test file beside a contract imports it. */
async function isRun(contract: string, files: ReadonlySet<string>): Promise<boolean> {
  const name = contract.split('/').at(-1)?.replace(/\.ts$/, '.js');
  const folder = contract.replace(/^test\//, '').replace(/[^/]+$/, '');
  const beside = [...files].filter((file) => file.startsWith(folder) && file.endsWith('.test.ts'));
  const sources = await Promise.all(beside.map((file) => readFile(new URL(`test/${file}`, ROOT), 'utf8')));
  return sources.some((source) => source.includes(`'./${name}'`));
}

describe('docs/traps.md', () => {
  it('names a test in every row, and every named test exists', async () => {
    const rows = await rowsOfPage();
    expect(rows.length).toBeGreaterThan(0);
    const files = new Set(await readdir(new URL('test/', ROOT), { recursive: true }));
    const wrong: string[] = [];
    for (const { line, text, test } of rows) {
      if (test === undefined) wrong.push(`line ${line} names no test: ${text}`);
      else if (!files.has(test.file.replace(/^test\//, '')))
        wrong.push(`line ${line}: there is no ${test.file}`);
      else if (test.file.endsWith('.contract.ts') && !(await isRun(test.file, files)))
        wrong.push(`line ${line}: no test file runs ${test.file}`);
      else if (!hasTest(await readFile(new URL(test.file, ROOT), 'utf8'), test.title)) {
        wrong.push(`line ${line}: ${test.file} has no test "${test.title}"`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('would notice a missing test', () => {
    expect(hasTest("it('keeps the token out', () => {})", 'keeps the token out')).toBe(true);
    expect(hasTest("it('keeps the token out', () => {})", 'keeps the token')).toBe(false);
  });
});
