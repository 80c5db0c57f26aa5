import { describe, expect, it } from 'vitest';
import { Latency } from '../../../sandbox/framework/latency.js';

function row(profile: { medianMs?: number; p99Ms?: number; seed?: number }, count: number): number[] {
  const latency = new Latency();
  latency.set(profile);
  return Array.from({ length: count }, () => latency.next());
}

describe('latency', () => {
  it('is none by default', () => {
    expect(row({}, 3)).toEqual([0, 0, 0]);
  });

  it('has the wanted median and 99th percentile, never below zero', () => {
    const drawn = row({ medianMs: 200, p99Ms: 1000, seed: 7 }, 20_000).sort((a, b) => a - b);
    expect(drawn[0]).toBeGreaterThan(0);
    // seeded: the same numbers each time, so the margins are those of 20,000 draws and not of luck
    expect((drawn[10_000] ?? 0) / 200).toBeCloseTo(1, 1);
    expect((drawn[19_800] ?? 0) / 1000).toBeCloseTo(1, 1);
  });

  it('is the same row for the same seed', () => {
    expect(row({ medianMs: 5, p99Ms: 9, seed: 1 }, 5)).toEqual(row({ medianMs: 5, p99Ms: 9, seed: 1 }, 5));
    expect(row({ medianMs: 5, p99Ms: 9, seed: 1 }, 5)).not.toEqual(
      row({ medianMs: 5, p99Ms: 9, seed: 2 }, 5),
    );
  });

  it('is even when both are equal', () => {
    expect(row({ medianMs: 5, p99Ms: 5 }, 2)).toEqual([5, 5]);
  });
});
