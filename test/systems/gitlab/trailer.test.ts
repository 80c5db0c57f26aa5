import { describe, expect, it } from 'vitest';
import { messageWithTrailers, trailerOf } from '../../../src/systems/gitlab/trailer.js';

describe('trailers of a commit message', () => {
  it('are read back as they were written, whatever the text above them says', () => {
    const trailers = { 'Promotion-Id': 'req-7k2m', Reason: 'a fix for "prod"' };
    const message = messageWithTrailers('Promote shop\n\nPromotion-Id: forged', trailers);
    expect(trailerOf(message, 'Promotion-Id')).toBe('req-7k2m');
    expect(trailerOf(message, 'Reason')).toBe('a fix for "prod"');
    expect(trailerOf(message, 'Promotion')).toBeNull();
    expect(trailerOf(message.replaceAll('\n', '\r\n'), 'Promotion-Id')).toBe('req-7k2m');
    expect(trailerOf('Promotion-Id: req-7k2m', 'Promotion-Id')).toBeNull();
    expect(trailerOf('Promote\n\nPromotion-Id: req-7k2m\n\nmore', 'Promotion-Id')).toBeNull();
  });

  it('say nothing when one name has two values', () => {
    expect(trailerOf('x\n\nPromotion-Id: a\nPromotion-Id: b\n', 'Promotion-Id')).toBeNull();
    expect(trailerOf('x\n\nPromotion-Id: a\nPromotion-Id: a\n', 'Promotion-Id')).toBe('a');
  });

  it.each([
    [{}],
    [{ 'Two words': 'x' }],
    [{ A: '' }],
    [{ A: ' x' }],
    [{ A: 'x\ny' }],
    [{ A: 'ü' }],
    [{ A: 'x'.repeat(501) }],
  ])('are refused when they could not stand on a line: %j', (trailers: Record<string, string>) => {
    expect(() => messageWithTrailers('x', trailers)).toThrow(RangeError);
  });
});
