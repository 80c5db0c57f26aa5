import { describe, expect, it } from 'vitest';
import {
  changesBetween,
  directoryOf,
  filesWithin,
  isRepositoryPath,
  isWithin,
  resolvePath,
  withChanges,
} from '../../src/domain/file-set.js';

describe('paths in a repository', () => {
  it.each<[string, boolean]>([
    ['a', true],
    ['a/b.yaml', true],
    ['..a/b', true],
    ['', false],
    ['/a', false],
    ['a/', false],
    ['a//b', false],
    ['a/../b', false],
    ['./a', false],
    ['a\\b', false],
    ['a\nb', false],
    ['a\u0000', false],
  ])('%j is plain: %s', (path, expected) => {
    expect(isRepositoryPath(path)).toBe(expected);
  });

  it.each<[string, string, string | undefined]>([
    ['prod', '../base', 'base'],
    ['prod', './a.yaml', 'prod/a.yaml'],
    ['prod/eu', '../../base/', 'base'],
    ['', 'a/b', 'a/b'],
    ['prod', '.', 'prod'],
    ['prod', '..', ''],
    ['prod', '../..', undefined],
    ['prod', 'a/../../../x', undefined],
    ['prod', '/etc/passwd', undefined],
    ['prod', '..\\x', undefined],
    ['prod', 'a\u0000', undefined],
  ])('from %j, %j means %j', (directory, relative, expected) => {
    expect(resolvePath(directory, relative)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['a', 'a/b', true],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['', 'x/y', true],
    ['a/b', 'a', false],
  ])('%j holds %j: %s', (directory, path, expected) => {
    expect(isWithin(directory, path)).toBe(expected);
  });

  it('knows the directory of a file', () => {
    expect([directoryOf('a/b/c.yaml'), directoryOf('c.yaml')]).toEqual(['a/b', '']);
  });
});

describe('sets of files', () => {
  const files = new Map([
    ['b/2', 'two'],
    ['b/1', 'one'],
    ['a', 'x'],
    ['bc/3', 'three'],
  ]);

  it('are narrowed to a directory, in order', () => {
    expect([...filesWithin(files, 'b').keys()]).toEqual(['b/1', 'b/2']);
  });

  it('are compared, and brought from one state to the other by what differs', () => {
    const after = new Map([
      ['a', 'x'],
      ['b/2', 'TWO'],
      ['new', ''],
    ]);
    const changes = changesBetween(files, after);
    expect(changes).toEqual([
      { path: 'b/1', before: 'one', after: null },
      { path: 'b/2', before: 'two', after: 'TWO' },
      { path: 'bc/3', before: 'three', after: null },
      { path: 'new', before: null, after: '' },
    ]);
    expect(new Map([...withChanges(files, changes)].sort())).toEqual(after);
    expect(changesBetween(files, files)).toEqual([]);
  });
});
