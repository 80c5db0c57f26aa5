import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import {
  duplicateKeyAt,
  expandsTooMuch,
  mayHaveAliases,
  mayNestTooDeep,
} from '../../src/systems/yaml-limits.js';

describe('mayNestTooDeep', () => {
  it.each<[string, string, boolean]>([
    ['brackets without end', '['.repeat(500_000), true],
    ['braces without end', '{a: '.repeat(100_000), true],
    ['brackets hidden behind closing ones in comments', '[ #]\n'.repeat(10_000), true],
    ['dashes on one line', '- '.repeat(100_000), true],
    ['question marks on one line', '? '.repeat(100_000), true],
    [
      'lines that go ever deeper',
      Array.from({ length: 900 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
      true,
    ],
    ['an honest file', 'a:\n  b: [1, {c: 2}]\n  d:\n  - - 1\n', false],
    ['many lines', 'a: [1]\n'.repeat(1_000), false],
  ])('of %s: %s', (_, text, expected) => {
    expect(mayNestTooDeep(text)).toBe(expected);
  });
});

describe('aliases', () => {
  const bomb = (levels: number) =>
    Array.from({ length: levels }, (_, n) =>
      n === 0 ? 'l0: &l0 [x, x, x, x]' : `l${n}: &l${n} [*l${n - 1}, *l${n - 1}, *l${n - 1}, *l${n - 1}]`,
    ).join('\n');

  it.each<[string, string, boolean]>([
    ['a few', 'a: &a {x: 1}\nb: *a\n', true],
    ['none, only stars', 'a: "*.example.com"\nb: 2 * 3 & 4\n', false],
    ['an anchor that nobody uses', 'a: &a 1\n', false],
  ])('are there: %s', (_, text, expected) => {
    expect(mayHaveAliases(text)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['a few', 'a: &a {x: 1}\nb: *a\n', false],
    ['a bomb', bomb(30), true],
    ['a small one', bomb(6), false],
    ['a bomb over merge keys', `${bomb(30)}\nz: {<<: *l29}\n`, true],
    ['aliases in a file that cannot be read here', 'a: &a 1\nb: *a\nc: [\n', true],
    ['aliases in deep nesting', `a: &a 1\nb: *a\nc: ${'['.repeat(500_000)}`, true],
    ['no aliases, whatever else is wrong', '['.repeat(500_000), false],
  ])('expand too much: %s', (_, text, expected) => {
    expect(expandsTooMuch(text)).toBe(expected);
  });
});

describe('duplicateKeyAt', () => {
  it.each<[string, number | undefined]>([
    ['a: 1\nb: 2\n', undefined],
    ['a: 1\na: 2\n', 5],
    ['x: {a: 1, b: 2, "a": 3}\n', 16],
    ['1: a\n"1": b\n', undefined],
    ['- {a: 1}\n- {a: 1}\n', undefined],
    ['? [a]\n: 1\n? [b]\n: 2\n', undefined],
  ])('in %j is %s', (text, expected) => {
    expect(duplicateKeyAt(parseDocument(text, { uniqueKeys: false }))).toBe(expected);
  });

  it('is found in a map of a hundred thousand keys, where comparing each with each would not end', () => {
    const text = `${Array.from({ length: 100_000 }, (_, n) => `k${n}: v`).join('\n')}\nk7: v\n`;
    const offset = duplicateKeyAt(parseDocument(text, { uniqueKeys: false }));
    expect(text.slice(offset)).toBe('k7: v\n');
  });
});
