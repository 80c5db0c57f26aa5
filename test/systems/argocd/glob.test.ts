import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../../src/systems/argocd/glob.js';

/** Rows of gobwas/glob's own tests (glob_test.go), without separators as Argo CD has it, and what people write in windows. */
describe('matchesGlob', () => {
  it.each([
    ['*', '', true],
    ['shop-*', 'shop-prod', true],
    ['shop-*', 'bank-prod', false],
    ['*-prod', 'shop-eu-prod', true],
    ['shop-?', 'shop-1', true],
    ['shop-?', 'shop-', false],
    ['{shop,bank}-prod', 'bank-prod', true],
    ['{shop,bank}-prod', 'cart-prod', false],
    ['{shop-{eu,us},bank}', 'shop-us', true],
    ['*{-prod,-live}', 'shop-live', true],
    ['shop-[0-9]', 'shop-7', true],
    ['shop-[0-9]', 'shop-x', false],
    ['shop-[!0-9]', 'shop-x', true],
    ['shop-[ab]', 'shop-b', true],
    ['shop-[!ab]', 'shop-b', false],
    ['https://*.example.com', 'https://eu.example.com', true],
    ['https://*.example.com', 'https://eu/example.com', false],
    ['shop.prod', 'shopxprod', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['!shop', 'bank', false],
    ['!shop', '!shop', true],
    ['{shop', 'shop', false],
    ['[shop', 's', false],
    ['shop\\', 'shop', false],
    ['Shop', 'shop', false],
  ])('%s takes %s: %s', (glob, value, matches) => {
    expect(matchesGlob(glob, value)).toBe(matches);
  });
});
