import { expect, test } from 'vitest';
import { groupOf, partsOf, testFolders, UnknownPartError } from '../../scripts/test-parts.js';

const FOLDERS = ['api', 'crash', 'e2e', 'ledger'];
const names = (chosen: string[]) => partsOf(chosen, 2, FOLDERS).map(({ name, paths }) => [name, ...paths]);

test('without names everything runs, light folders together and heavy ones together', () => {
  expect(names([])).toEqual([
    ['unit', 'test/api/', 'test/ledger/'],
    ['installations', 'test/crash/', 'test/e2e/'],
  ]);
});

test('files wait as well as work: more of them are at work than there are processors', () => {
  expect(partsOf([], 2, FOLDERS).map(({ atOnce }) => atOnce)).toEqual([3, 3]);
  expect(partsOf([], 1, FOLDERS).map(({ atOnce }) => atOnce)).toEqual([2, 2]);
});

test('names choose folders, and one that is not there is an error that lists what is', () => {
  expect(names(['crash'])).toEqual([['installations', 'test/crash/']]);
  expect(names(['unit', 'e2e'])).toEqual([
    ['unit', 'test/api/', 'test/ledger/'],
    ['installations', 'test/e2e/'],
  ]);
  expect(() => partsOf(['unti'], 2, FOLDERS)).toThrow(UnknownPartError);
  expect(() => partsOf(['unti'], 2, FOLDERS)).toThrow(/unti.*api, crash, e2e, ledger/);
});

test('a file counts to its heavy folder or to unit', () => {
  expect(groupOf('test/crash/crash.test.ts')).toBe('crash');
  expect(groupOf('test/ledger/chain.test.ts')).toBe('unit');
});

test('this file is in a folder that is found', () => {
  expect(testFolders()).toContain('scripts');
  expect(testFolders()).not.toContain('real');
});
