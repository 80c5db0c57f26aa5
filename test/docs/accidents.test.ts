import { describe, expect, it } from 'vitest';
import { faultsOf, namingRows } from './named-tests.js';

/** How many kinds of accidents there are; each is met by one test at least. */
const KINDS = 28;

describe('accidents and their tests, in docs/promotion.md', () => {
  it('names a test in every row, and every named test exists', async () => {
    const rows = await namingRows('docs/promotion.md', 'no.', 'Accidents and their tests');
    expect(await faultsOf(rows)).toEqual([]);
    const kinds = [...new Set(rows.map(({ cells }) => Number(cells[0])))];
    expect(kinds).toEqual(Array.from({ length: KINDS }, (_, index) => index + 1));
  });

  it('would notice a test that is not there, a file that is not, and one that nothing runs', async () => {
    const row = (file: string, title: string) => ({ line: 7, text: '', cells: [], test: { file, title } });
    const faults = await faultsOf([
      row('test/docs/accidents.test.ts', 'is not there'.repeat(2)),
      row('test/docs/nothing.test.ts', 'is not there'),
      row('bench/accidents/stage.ts', 'is not there'),
      { ...row('', ''), test: undefined },
    ]);
    expect(faults).toEqual([
      `line 7: test/docs/accidents.test.ts has no test "${'is not there'.repeat(2)}"`,
      'line 7: there is no test/docs/nothing.test.ts',
      'line 7: bench/accidents/stage.ts has no test "is not there"',
      'line 7 names no test: ',
    ]);
  });
});
