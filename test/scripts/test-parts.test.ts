import { expect, test } from 'vitest';
import { partsOf, testFolders, UnknownPartError } from '../../scripts/test-parts.js';

const FOLDERS = ['api', 'crash', 'e2e', 'ledger'];
const names = (chosen: string[]) => partsOf(chosen, FOLDERS).map(({ name, paths }) => [name, ...paths]);

test('without names everything runs, light folders together and each heavy one for itself', () => {
  expect(names([])).toEqual([
    ['unit', 'test/api/', 'test/ledger/'],
    // the longest first
    ['crash', 'test/crash/'],
    ['e2e', 'test/e2e/'],
  ]);
});

test('names choose folders, and one that is not there is an error that lists what is', () => {
  expect(names(['crash'])).toEqual([['crash', 'test/crash/']]);
  expect(names(['unit', 'e2e'])).toEqual([
    ['unit', 'test/api/', 'test/ledger/'],
    ['e2e', 'test/e2e/'],
  ]);
  expect(() => partsOf(['unti'], FOLDERS)).toThrow(UnknownPartError);
  expect(() => partsOf(['unti'], FOLDERS)).toThrow(/unti.*api, crash, e2e, ledger/);
});

test('this file is in a folder that is found', () => {
  expect(testFolders()).toContain('scripts');
  expect(testFolders()).not.toContain('real');
});
