/** Work that grows with the square of an input stops a process for whoever sends a long one. */
import { describe, expect, it } from 'vitest';
import { INPUT_CASES, type InputCase } from '../../bench/inputs/cases.js';
import { growthOf } from '../../bench/inputs/growth.js';

/** Eight times the input: linear work takes about 8 times as long, quadratic work 64 times. */
const TIMES = 8;
const BETWEEN = 24;
/** Work that ends within this, in microseconds, on an input of the largest size, harms nobody. */
const HARMLESS_US = 5_000;

/** A growth in CPU time of one process, far from both answers, so it is no matter how busy the machine is. */
function isLinear(prepare: (size: number) => () => void, size: number): boolean {
  const largest = prepare(size * 2);
  const before = process.cpuUsage();
  largest();
  const { user, system } = process.cpuUsage(before);
  if (user + system < HARMLESS_US) return true;
  return growthOf(prepare, Math.ceil(size / 4), TIMES, BETWEEN).ratio < BETWEEN;
}

/** Patterns of schemas are judged together, readers each for itself. */
function byReader(): ReadonlyMap<string, readonly InputCase[]> {
  const groups = new Map<string, InputCase[]>();
  for (const one of INPUT_CASES) {
    const name = one.name.startsWith('pattern ') ? 'patterns' : (one.name.split(': ')[0] ?? one.name);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

describe('reading what comes from outside', () => {
  const groups = byReader();
  for (const [group, cases] of groups) {
    it(`is linear: ${group}`, { timeout: 300_000 }, () => {
      expect(cases.filter(({ size, prepare }) => !isLinear(prepare, size)).map(({ name }) => name)).toEqual(
        [],
      );
    });
  }

  it('would be noticed if it were not: every key compared with every other', () => {
    const quadratic = (size: number) => {
      const keys = Array.from({ length: size }, (_, index) => `k${index}`);
      return () => void keys.filter((key, index) => keys.indexOf(key) !== index);
    };
    expect(isLinear(quadratic, 4_000)).toBe(false);
    const pattern = (size: number) => {
      const text = 'y'.repeat(size);
      return () => void text.match(/[a-z]+@[a-z]+/g);
    };
    expect(isLinear(pattern, 4_000)).toBe(false);
  });
});
