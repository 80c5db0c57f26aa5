import { expect, test } from 'vitest';
import { inOrder } from '../../scripts/file-order.js';

const LONG = ['test/hostile/hostile.test.ts', 'test/crash/crash.test.ts'];
const LIGHT = Array.from({ length: 20 }, (_, index) => `test/domain/rule-${index}.test.ts`);

test('the long ones begin first, and every file once', () => {
  const order = inOrder([...LIGHT, ...LONG], 7);
  expect(order.slice(0, 2)).toEqual(LONG);
  expect([...order].sort()).toEqual([...LIGHT, ...LONG].sort());
});

test('a seed gives one order, whatever the machine lists first; another seed gives another', () => {
  expect(inOrder([...LIGHT].reverse(), 7)).toEqual(inOrder(LIGHT, 7));
  expect(inOrder(LIGHT, 8)).not.toEqual(inOrder(LIGHT, 7));
});
