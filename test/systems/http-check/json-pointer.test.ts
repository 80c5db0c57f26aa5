import { expect, it } from 'vitest';
import { isJsonPointer, valueAt } from '../../../src/systems/http-check/json-pointer.js';

// the example of RFC 6901, section 5
const DOCUMENT = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, 'm~n': 8, ' ': 7 };

it.each([
  ['', DOCUMENT],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/m~0n', 8],
  ['/ ', 7],
  ['/foo/2', undefined],
  ['/foo/01', undefined],
  ['/foo/-', undefined],
  ['/foo/length', undefined],
  ['/foo/bar/deeper', undefined],
  ['/toString', undefined],
  ['/__proto__', undefined],
])('"%s" is found', (pointer, value) => {
  expect(isJsonPointer(pointer)).toBe(true);
  expect(valueAt(DOCUMENT, pointer)).toEqual(value);
});

it.each([['foo'], ['/a~'], ['/a~2'], ['#/foo']])('"%s" is no pointer', (text) => {
  expect(isJsonPointer(text)).toBe(false);
});
