import { describe, expect, it } from 'vitest';
import { labelSelector } from '../../../sandbox/kubernetes/label-selector.js';

const LABELS = { app: 'web', tier: 'front', 'example.com/team': 'shop', empty: '' };

describe('labelSelector', () => {
  it.each<[string, boolean]>([
    ['', true],
    ['app=web', true],
    ['app == web', true],
    ['app=web,tier=back', false],
    ['app!=api', true],
    ['absent!=anything', true],
    ['app', true],
    ['absent', false],
    ['!absent', true],
    ['!app', false],
    ['app in (api, web)', true],
    ['app in (api,cart),tier', false],
    ['app notin (api, cart)', true],
    ['absent notin (x)', true],
    ['absent in (x)', false],
    ['example.com/team in (shop),!absent, app = web', true],
    ['empty=', true],
    ['app=', false],
  ])('reads %s: %s', (selector, fits) => {
    expect(labelSelector(selector)?.(LABELS)).toBe(fits);
  });

  it.each([
    'app=web,',
    ',',
    'app in web',
    'app in (web',
    'app=we b',
    'in (web)',
    '=web',
    'app=(web)',
    'app>1=2',
  ])('cannot read %j', (selector) => {
    expect(labelSelector(selector)).toBeUndefined();
  });
});
