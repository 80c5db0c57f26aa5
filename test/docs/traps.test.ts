import { describe, expect, it } from 'vitest';
import { faultsOf, hasTest, namingRows } from './named-tests.js';

describe('docs/traps.md', () => {
  it('names a test in every row, and every named test exists', async () => {
    const rows = await namingRows('docs/traps.md', 'trap');
    expect(rows.length).toBeGreaterThan(0);
    expect(await faultsOf(rows)).toEqual([]);
  });

  it('would notice a missing test', () => {
    expect(hasTest("it('keeps the token out', () => {})", 'keeps the token out')).toBe(true);
    expect(hasTest("it('keeps the token out', () => {})", 'keeps the token')).toBe(false);
  });
});
