import { expect, it } from 'vitest';
import { RememberedAnswers } from '../../src/api/remembered-answers.js';

function counting(limits = { keepMs: 1_000, maxKept: 2 }) {
  const clock = { nowMs: 0 };
  const asked: string[] = [];
  const failing = new Set<string>();
  const answers = new RememberedAnswers(
    limits,
    async (key: string) => {
      asked.push(key);
      if (failing.has(key)) throw new Error('down');
      return `answer to ${key}`;
    },
    () => clock.nowMs,
  );
  return { answers, asked, clock, failing };
}

it('asks once for as long as the answer counts, also when many ask at once', async () => {
  const { answers, asked, clock } = counting();
  await Promise.all([answers.of('a'), answers.of('a')]);
  clock.nowMs = 999;
  expect(await answers.of('a')).toBe('answer to a');
  expect(asked).toEqual(['a']);
  clock.nowMs = 1_000;
  await answers.of('a');
  expect(asked).toEqual(['a', 'a']);
});

it('does not keep a failure', async () => {
  const { answers, asked, failing } = counting();
  failing.add('a');
  await expect(answers.of('a')).rejects.toThrow('down');
  failing.clear();
  expect(await answers.of('a')).toBe('answer to a');
  expect(asked).toEqual(['a', 'a']);
});

it('keeps no more than it may: the oldest goes', async () => {
  const { answers, asked } = counting();
  for (const key of ['a', 'b', 'c', 'b', 'a']) await answers.of(key);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});
