import { expect, test } from 'vitest';
import { waitAtMostMs } from '../../src/config/installation.js';
import { MAX_WAIT_MS } from '../../src/domain/messages.js';

test('a wait is as long as its timing says, or shorter where the installation wants it, never longer', () => {
  expect(waitAtMostMs({ timing: 'standard' })).toBe(MAX_WAIT_MS.standard);
  expect(waitAtMostMs({ timing: 'brisk', waitAtMostMs: 5_000 })).toBe(5_000);
  expect(waitAtMostMs({ timing: 'brisk', waitAtMostMs: MAX_WAIT_MS.brisk + 1 })).toBe(MAX_WAIT_MS.brisk);
});
