import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../src/systems/http/retry-after.js';

const NOW = Date.parse('2026-11-21T10:00:00Z');

function read(headers: Record<string, string>): number | undefined {
  return retryAfterMs((name) => headers[name], NOW);
}

describe('the time that a server asks to wait', () => {
  it.each([
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['a fraction of seconds, as Microsoft Graph sends it', { 'retry-after': '2.128' }, 2_128],
    ['a date', { 'retry-after': 'Sat, 21 Nov 2026 10:01:30 GMT' }, 90_000],
    ['a date in the past', { 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' }, 0],
    ['milliseconds, as Azure sends them', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    ['milliseconds by the older name', { 'x-ms-retry-after-ms': '1500' }, 1_500],
    ['0', { 'retry-after': '0' }, 0],
  ])('is read from %s', (_form, headers, expected) => {
    expect(read(headers)).toBe(expected);
  });

  it.each([[{}], [{ 'retry-after': '' }], [{ 'retry-after': 'soon' }], [{ 'retry-after': '-5' }]])(
    'is unknown from %j',
    (headers) => {
      expect(read(headers)).toBeUndefined();
    },
  );
});
