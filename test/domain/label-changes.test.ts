import { describe, expect, it } from 'vitest';
import { labelChanges } from '../../src/domain/label-changes.js';

describe('the difference of labels', () => {
  it('names each label with its old and its new value, by name', () => {
    expect(
      labelChanges(
        { team: 'shop', region: 'eu', stage: 'dev' },
        { team: 'platform', stage: 'dev', tier: '1' },
      ),
    ).toEqual(['region: eu is removed', 'team: shop → platform', 'tier: 1 is added']);
  });

  it('is nothing where all are alike, in whatever order they stand', () => {
    expect(labelChanges({ a: '1', b: '2' }, { b: '2', a: '1' })).toEqual([]);
  });
});
