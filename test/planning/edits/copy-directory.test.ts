import { describe, expect, it } from 'vitest';
import { copyDirectory } from '../../../src/planning/edits/copy-directory.js';
import { matcherOf } from '../../../src/planning/edits/keep-patterns.js';
import { refusalOf } from './refusal-of.js';

const DEV = new Map([
  ['yaml/web.yaml', 'image: 2\n'],
  ['yaml/new.yaml', 'new\n'],
  ['yaml/same.yaml', 'same\n'],
  ['yaml/ingress.yaml', 'host: dev\n'],
  ['yaml/config/a.yaml', 'dev\n'],
  ['README.md', 'dev\n'],
]);
const PROD = new Map([
  ['yaml/web.yaml', 'image: 1\n'],
  ['yaml/gone.yaml', 'old\n'],
  ['yaml/same.yaml', 'same\n'],
  ['yaml/ingress.yaml', 'host: prod\n'],
  ['yaml/config/b.yaml', 'prod\n'],
  ['yaml-other/x.yaml', 'x\n'],
  ['README.md', 'prod\n'],
]);

describe('copyDirectory', () => {
  it('says what is created, updated and deleted, and leaves the target its own files', () => {
    const result = copyDirectory(DEV, PROD, { from: 'yaml', to: 'yaml', keep: ['ingress.yaml', 'config'] });
    expect(result).toMatchObject({
      created: ['yaml/new.yaml'],
      updated: ['yaml/web.yaml'],
      deleted: ['yaml/gone.yaml'],
      kept: ['yaml/config/b.yaml', 'yaml/ingress.yaml'],
    });
    expect(result.files).toEqual([
      { path: 'yaml/gone.yaml', before: 'old\n', after: null },
      { path: 'yaml/new.yaml', before: null, after: 'new\n' },
      { path: 'yaml/web.yaml', before: 'image: 1\n', after: 'image: 2\n' },
    ]);
  });

  it('moves files between directories of one repository', () => {
    const files = new Map([
      ['dev/a.yaml', '1\n'],
      ['prod/a.yaml', '0\n'],
    ]);
    expect(copyDirectory(files, files, { from: 'dev', to: 'prod', keep: [] }).files).toEqual([
      { path: 'prod/a.yaml', before: '0\n', after: '1\n' },
    ]);
  });

  it('takes a whole repository over into a directory of another', () => {
    const result = copyDirectory(new Map([['a/b.yaml', '1\n']]), PROD, {
      from: '',
      to: 'yaml/config',
      keep: ['*.md'],
    });
    expect(result).toMatchObject({ created: ['yaml/config/a/b.yaml'], deleted: ['yaml/config/b.yaml'] });
  });

  it('does nothing when the target is as wanted', () => {
    expect(copyDirectory(DEV, new Map(DEV), { from: 'yaml', to: 'yaml', keep: [] }).files).toEqual([]);
  });

  it('refuses a source without files: the target would be emptied', () => {
    const error = refusalOf(() => copyDirectory(DEV, PROD, { from: 'yml', to: 'yaml', keep: [] }));
    expect(error.refusal).toBe('missing-file');
    expect(
      refusalOf(() => copyDirectory(DEV, PROD, { from: 'yaml', to: 'yaml', keep: ['**'] })).refusal,
    ).toBe('missing-file');
  });

  it('refuses directories of one repository that lie in one another', () => {
    expect(refusalOf(() => copyDirectory(DEV, DEV, { from: '', to: 'yaml', keep: [] })).refusal).toBe(
      'not-editable',
    );
  });
});

describe('patterns of files to keep', () => {
  it.each<[string, string, boolean]>([
    ['ingress.yaml', 'ingress.yaml', true],
    ['ingress.yaml', 'a/ingress.yaml', false],
    ['ingress.yaml', 'ingressXyaml', false],
    ['config', 'config/a/b.yaml', true],
    ['config/', 'config/a.yaml', true],
    ['config', 'configs/a.yaml', false],
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', 'a/b.yaml', false],
    ['**/*.yaml', 'a.yaml', true],
    ['**/*.yaml', 'a/b/c.yaml', true],
    ['**/secrets', 'a/secrets/x', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['**', 'a/b', true],
    ['a?.yaml', 'ab.yaml', true],
    ['a?.yaml', 'a/.yaml', false],
    ['a+(b).yaml', 'a+(b).yaml', true],
    ['./a.yaml', 'a.yaml', true],
  ])('%s names %s: %s', (pattern, path, expected) => {
    expect(matcherOf([pattern])(path)).toBe(expected);
  });

  it('names nothing when there is no pattern', () => {
    expect(matcherOf([])('a')).toBe(false);
  });
});
