import { expect, test } from 'vitest';
import { folderLines, slowestFiles } from '../../scripts/summary.js';

const FILES = [
  { file: 'test/domain/a.test.ts', ms: 1_000, passed: 3 },
  { file: 'test/web/b.test.ts', ms: 61_000, passed: 2 },
  { file: 'test/ledger/c.test.ts', ms: 2_000, passed: 4 },
];

test('light files count together, heavy ones by their folder, the longest first', () => {
  expect(folderLines(FILES)).toEqual([
    'web: 2 passed, 1 min 1 s in its files',
    'unit: 7 passed, 3 s in its files',
  ]);
});

test('the ten slowest files are named', () => {
  expect(slowestFiles(FILES).map((line) => line.trim())).toEqual([
    '1 min 1 s  test/web/b.test.ts',
    '2 s  test/ledger/c.test.ts',
    '1 s  test/domain/a.test.ts',
  ]);
  const many = Array.from({ length: 30 }, (_, ms) => ({ file: `test/domain/${ms}.test.ts`, ms, passed: 1 }));
  expect(slowestFiles(many)).toHaveLength(10);
  expect(slowestFiles(many)[0]).toContain('29.test.ts');
});
