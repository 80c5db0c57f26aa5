import { describe, expect, it } from 'vitest';
import { parseValuePath } from '../../../src/domain/promotion/value-path.js';

const key = (name: string) => ({ kind: 'key', key: name });

describe('the path of a value', () => {
  it.each([
    ['version', [key('version')]],
    ['spec.values.application.image.tag', ['spec', 'values', 'application', 'image', 'tag'].map(key)],
    ['labels.app\\.kubernetes\\.io/name', [key('labels'), key('app.kubernetes.io/name')]],
    ['dependencies[1].version', [key('dependencies'), { kind: 'index', index: 1 }, key('version')]],
    [
      'spec.sources[chart=shop].targetRevision',
      [key('spec'), key('sources'), { kind: 'field', field: 'chart', text: 'shop' }, key('targetRevision')],
    ],
    [
      'spec.source.helm.parameters[name=image.tag].value',
      [
        ...['spec', 'source', 'helm', 'parameters'].map(key),
        { kind: 'field', field: 'name', text: 'image.tag' },
        key('value'),
      ],
    ],
    [
      'images[=registry.example.com/shop/web]',
      [key('images'), { kind: 'image', repository: 'registry.example.com/shop/web' }],
    ],
  ])('%s is read step by step', (text, steps) => {
    expect(parseValuePath(text)).toEqual(steps);
  });

  it.each(['', '.a', 'a..b', 'a.', 'a[', 'a[]', 'a[01]', 'a[name=]', 'a[0]b', 'a\\b', 'a[x=y[0]]'])(
    '%j is no path',
    (text) => {
      expect(parseValuePath(text)).toBeUndefined();
    },
  );
});
