import { describe, expect, it } from 'vitest';
import { isKeepable, unkeepableAt } from '../../src/domain/kept-text.js';

describe('text that is kept', () => {
  it('holds no NUL and no half of a character', () => {
    expect(['', 'für Hafen 😀', 'a\nb'].every(isKeepable)).toBe(true);
    expect(['a\0', '\ud83d', 'x\ude00y'].some(isKeepable)).toBe(false);
  });

  it('is looked for everywhere in a value, with its place', () => {
    expect(unkeepableAt({ a: [1, null, { b: 'fine' }] })).toBeUndefined();
    expect(unkeepableAt({ a: [1, null, { b: 'x\0' }] })).toEqual(['a', 2, 'b']);
    expect(unkeepableAt({ a: { 'k\0': 1 } })).toEqual(['a']);
    expect(unkeepableAt('\0')).toEqual([]);
  });

  it('is looked for as deep as a value goes', () => {
    let deep: unknown = 'x\0';
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    expect(unkeepableAt(deep)).toHaveLength(200_000);
  });
});
