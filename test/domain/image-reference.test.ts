import { describe, expect, it } from 'vitest';
import { parseImage, writeImage } from '../../src/domain/image-reference.js';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

describe('names of images', () => {
  it.each<[string, object | undefined]>([
    ['nginx', { repository: 'nginx' }],
    ['nginx:1.29', { repository: 'nginx', tag: '1.29' }],
    ['registry.example.com:5000/shop/web', { repository: 'registry.example.com:5000/shop/web' }],
    ['registry.example.com:5000/web:5000', { repository: 'registry.example.com:5000/web', tag: '5000' }],
    [`shop/web@${DIGEST}`, { repository: 'shop/web', digest: DIGEST }],
    [`shop/web:1.4@${DIGEST}`, { repository: 'shop/web', tag: '1.4', digest: DIGEST }],
    ['localhost:5000', { repository: 'localhost', tag: '5000' }],
    ['', undefined],
    ['shop/web:', undefined],
    ['shop//web', undefined],
    ['shop/web@sha256:12', undefined],
    ['https://shop/web', undefined],
    ['shop/web:a b', undefined],
    ['-web', undefined],
  ])('%j', (text, expected) => {
    const parsed = parseImage(text);
    expect(parsed).toEqual(expected);
    if (parsed !== undefined) expect(writeImage(parsed)).toBe(text);
  });

  it('are taken apart in no time, however long', () => {
    expect(parseImage(`${'a/'.repeat(50_000)}:`)).toBeUndefined();
    expect(parseImage('a.'.repeat(100_000))).toEqual({ repository: 'a.'.repeat(100_000) });
  });
});
