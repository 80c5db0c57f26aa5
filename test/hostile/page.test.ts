/** The table of attacks in the security page names tests that exist, and no attack is missing in it. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const CASES = new URL('./cases/', import.meta.url);
const PROMOTIONS = new URL('./promotions.test.ts', import.meta.url);
/** What the guard refuses is tried at the guard. */
const AT_THE_GUARD = ['guard/effect-guard.test.ts', 'effects/promotion-effects.test.ts'].map(
  (file) => new URL(`../activities/${file}`, import.meta.url),
);
/** Tests that are no attack: they show what refuses the others, or that all is well afterwards. */
const NO_ATTACK = ['positive-control.ts'];
const AFTERWARDS = ['after all of it the request is decided as ever', 'the same attack merges'];

async function titles(): Promise<readonly string[]> {
  const files = (await readdir(CASES)).filter((file) => !NO_ATTACK.includes(file));
  const paths = [...files.map((file) => new URL(file, CASES)), PROMOTIONS];
  const sources = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  return sources.flatMap((source) =>
    [...source.matchAll(/\bit\(\s*(['"`])(.+?)\1,/g)].map((match) => match[2] ?? ''),
  );
}

async function named(): Promise<readonly string[]> {
  const page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('## Attacks that are tried');
  const [table = ''] = section.split('\n## ');
  return table.split('\n').flatMap((line) => {
    const [, title] = /^\| .* \| `([^|]+)` \|$/.exec(line) ?? [];
    return title === undefined ? [] : [title];
  });
}

it('every attack in the page has its test, and every test its line', async () => {
  const [written, known] = [await named(), await titles()];
  const guard = (await Promise.all(AT_THE_GUARD.map((path) => readFile(path, 'utf8')))).join('\n');
  const elsewhere = written.filter((title) => !known.includes(title));
  expect(elsewhere.filter((title) => !guard.includes(`'${title}'`))).toEqual([]);
  const here = written.filter((title) => known.includes(title));
  expect([...here].sort()).toEqual(known.filter((title) => !AFTERWARDS.includes(title)).sort());
});
