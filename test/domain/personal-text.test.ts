import { describe, expect, it } from 'vitest';
import { addressesIn, withReferences, withValues } from '../../src/domain/personal-text.js';

const REF = `p_${'a2b'.repeat(8)}cd`;

describe('people in texts of the chain', () => {
  it('finds every address once, also beside punctuation', () => {
    const texts = [
      "ada@example.com is not in the directory. fay.o'neill@example.com, ada@example.com",
      'harbour-01/dev',
    ];
    expect(addressesIn(texts)).toEqual(['ada@example.com', "fay.o'neill@example.com"]);
  });

  it('keeps references in their place and reads values back', () => {
    const text = 'ada@example.com is not in the directory. Correct the address';
    const kept = withReferences(text, new Map([['ada@example.com', REF]]));
    expect(kept).toBe(`${REF} is not in the directory. Correct the address`);
    expect(withValues(kept, new Map([[REF, 'ada@example.com']]))).toBe(text);
  });

  it('shows an erased one as its reference, and leaves addresses alone that were not kept', () => {
    expect(withValues(`${REF} is unknown`, new Map())).toBe(`${REF} is unknown`);
    expect(withReferences('mail ben@example.com', new Map())).toBe('mail ben@example.com');
  });
});
