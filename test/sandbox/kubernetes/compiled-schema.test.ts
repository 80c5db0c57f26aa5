import { expect, it } from 'vitest';
import { compiledSchema } from '../../../sandbox/kubernetes/compiled-schema.js';
import { uniqueName } from '../../support/stack.js';

const shape = (name: string): object => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'string', format: 'date-time', maxLength: 30 } },
});

it('a schema is made and compiled once for its sources, and judges the same from then on', () => {
  const sources = [uniqueName('source')];
  let made = 0;
  const check = (name = 'at') => {
    return compiledSchema('of-a-test', sources, () => {
      made += 1;
      return shape(name);
    });
  };
  for (const judged of [check(), check()]) {
    expect(judged({ at: '2026-03-29T01:00:00Z' })).toBe(true);
    expect(judged({ at: 'soon' })).toBe(false);
    expect(judged.errors?.map(({ keyword, instancePath }) => [keyword, instancePath])).toEqual([
      ['format', '/at'],
    ]);
    expect(judged({})).toBe(false);
    expect(judged.errors?.[0]?.params).toEqual({ missingProperty: 'at' });
  }
  expect(made).toBe(1);
});

it('another source is another schema', () => {
  const source = uniqueName('source');
  compiledSchema('of-a-test', [source, 'a'], () => shape('a'));
  const other = compiledSchema('of-a-test', [source, 'b'], () => shape('b'));
  expect(other({ a: '2026-03-29T01:00:00Z' })).toBe(false);
});
