import { expect, test } from 'vitest';
import { failureText, WHY_LINES } from '../../scripts/failure-text.js';
import { failedLines } from '../../scripts/summary.js';

const ROOT = '/house';
const at = (file: string, line: number) => ({ file, line, column: 7 });
const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i + 1}`).join('\n');

test('an error says its kind, its message without colours, and where it happened in a file of ours', () => {
  const stacks = [
    at('/house/node_modules/vitest/dist/index.js', 1),
    at('/house/test/api/call.ts', 42),
    at('/house/test/api/app.test.ts', 7),
  ];
  expect(
    failureText([{ name: 'TypeError', message: '\u001b[31mno\u001b[39m\n\nway  ', stacks }], ROOT),
  ).toEqual(['TypeError: no', 'way', 'at test/api/call.ts:42, called at test/api/app.test.ts:7']);
});

test('a long message is cut, and the place and the cause are there all the same', () => {
  const error = {
    message: lines(500),
    stacks: [at('/house/test/a.test.ts', 1)],
    cause: { message: 'expected 0 to be 1', stacks: [at('/house/test/b.ts', 2)] },
  };
  const text = failureText([error], ROOT);
  expect(text.length).toBeLessThanOrEqual(WHY_LINES);
  expect(text[0]).toBe('line 1');
  expect(text.slice(-4)).toEqual([
    expect.stringMatching(/^… \d+ more lines$/),
    'at test/a.test.ts:1',
    'expected 0 to be 1',
    'at test/b.ts:2',
  ]);
});

test('a line without an end is cut, and an error that is its own cause comes to an end', () => {
  const error: { message: string; cause?: { message: string } } = { message: 'x'.repeat(100_000) };
  error.cause = error;
  const text = failureText([error], ROOT);
  expect(text.length).toBeLessThanOrEqual(WHY_LINES);
  expect(Math.max(...text.map(({ length }) => length))).toBeLessThan(400);
});

test('many failures say less each, and every one is named', () => {
  const failed = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ test: `test ${i}`, why: lines(WHY_LINES).split('\n') }));
  expect(failedLines(failed(2))).toHaveLength(2 + 2 * WHY_LINES);
  const many = failedLines(failed(40));
  expect(many.filter((line) => line.startsWith('test '))).toHaveLength(40);
  expect(many.length).toBeLessThanOrEqual(140);
  expect(failedLines(failed(500))).toHaveLength(500);
});
