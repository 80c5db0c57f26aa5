import { describe, expect, it } from 'vitest';
import { TargetPool, type Waves } from '../../src/domain/pool.js';
import { type WaveSize, waveSizes } from '../../src/domain/promotion/waves.js';

describe('sizes of waves', () => {
  it.each<[string, readonly WaveSize[], number, readonly number[]]>([
    ['none written: all at once', [], 7, [7]],
    ['a canary and the rest', [1, '100%'], 7, [1, 6]],
    ['the last one is repeated', [1, 2], 8, [1, 2, 2, 2, 1]],
    ['per cent are of all, not of the rest', ['25%', '50%'], 8, [2, 4, 2]],
    ['per cent are rounded up', ['10%'], 25, [3, 3, 3, 3, 3, 3, 3, 3, 1]],
    ['but not by the error of a product', ['7%'], 100, [...Array.from({ length: 14 }, () => 7), 2]],
    ['a wave is never empty', ['1%', 0], 3, [1, 1, 1]],
    ['more than there are', [5], 3, [3]],
    ['nothing to do', [1, '100%'], 0, []],
  ])('%s', (_, waves, total, sizes) => {
    expect(waveSizes(waves, total)).toEqual(sizes);
  });
});

function pool(sizes: readonly WaveSize[], more: Partial<Waves> = {}, ended = {}, limit = 10): TargetPool {
  return new TargetPool(['a', 'b', 'c', 'd', 'e'], ended, limit, { sizes, maxFailures: 0, ...more });
}

function takeAll(from: TargetPool): readonly string[] {
  const taken: string[] = [];
  for (;;) {
    const key = from.takeNext();
    if (key === undefined) return taken;
    taken.push(key);
  }
}

describe('a rollout in waves', () => {
  it('starts a wave when the one before is settled', () => {
    const rollout = pool([1, 2]);
    expect(takeAll(rollout)).toEqual(['a']);
    expect(rollout.progress).toEqual({ wave: 1, of: 3, failures: 0, maxFailures: 0 });
    rollout.finish('a', 'done');
    expect(takeAll(rollout)).toEqual(['b', 'c']);
    rollout.finish('b', 'done');
    expect(takeAll(rollout)).toEqual([]);
    rollout.finish('c', 'done');
    expect(takeAll(rollout)).toEqual(['d', 'e']);
    rollout.finish('d', 'done');
    rollout.finish('e', 'done');
    expect(rollout).toMatchObject({ settled: true, waitsForPeople: false, progress: { wave: 3, of: 3 } });
  });

  it('has no more in flight than allowed, also inside of a wave', () => {
    expect(takeAll(pool(['100%'], {}, {}, 2))).toEqual(['a', 'b']);
  });

  it('stops when more have failed than are borne: neither the next wave nor the rest of this one starts', () => {
    const rollout = pool([3], {}, {}, 1);
    expect(takeAll(rollout)).toEqual(['a']);
    rollout.finish('a', 'failed');
    expect(takeAll(rollout)).toEqual([]);
    expect(rollout).toMatchObject({ isStopped: true, waitsForPeople: true, settled: false });
  });

  it('bears as many as it is allowed, and goes on', () => {
    const rollout = pool([2], { maxFailures: 1 });
    takeAll(rollout);
    rollout.finish('a', 'failed');
    rollout.finish('b', 'done');
    expect(takeAll(rollout)).toEqual(['c', 'd']);
    rollout.finish('c', 'failed');
    rollout.finish('d', 'done');
    expect(takeAll(rollout)).toEqual([]);
    expect(rollout).toMatchObject({ isStopped: true, progress: { failures: 2, maxFailures: 1 } });
  });

  it('lets what runs finish', () => {
    const rollout = pool([2]);
    takeAll(rollout);
    rollout.finish('a', 'failed');
    expect(rollout).toMatchObject({ isStopped: true, waitsForPeople: false, inFlight: 1 });
  });

  it.each<[string, (rollout: TargetPool) => unknown, readonly string[]]>([
    ['is tried again', (rollout) => rollout.retry(['a']), ['a']],
    ['is given up', (rollout) => rollout.skip(['a']), ['b', 'c']],
  ])('goes on when what failed %s', (_, decide, next) => {
    const rollout = pool([1, 2]);
    takeAll(rollout);
    rollout.finish('a', 'failed');
    expect(takeAll(rollout)).toEqual([]);
    decide(rollout);
    expect(takeAll(rollout)).toEqual(next);
  });

  it("does not count the provider's trouble, but starts no wave on a canary that was never judged", () => {
    const rollout = pool([1, 2]);
    takeAll(rollout);
    rollout.finish('a', 'failed', 'provider');
    expect(rollout).toMatchObject({
      isStopped: false,
      waitsForPeople: true,
      progress: { wave: 1, failures: 0 },
    });
    expect(takeAll(rollout)).toEqual([]);
    rollout.retry([]);
    expect(takeAll(rollout)).toEqual(['a']);
    // the second time it is its own
    rollout.finish('a', 'failed');
    expect(rollout).toMatchObject({ isStopped: true, progress: { failures: 1 } });
  });

  it('goes on inside of a wave beside a target that the provider held', () => {
    const rollout = pool([2], {}, {}, 1);
    takeAll(rollout);
    rollout.finish('a', 'failed', 'provider');
    expect(takeAll(rollout)).toEqual(['b']);
    rollout.finish('b', 'done');
    expect(takeAll(rollout)).toEqual([]);
  });

  it('tries again what belongs to an earlier wave before it goes on', () => {
    const rollout = pool([1, 2], { maxFailures: 1 }, {}, 1);
    takeAll(rollout);
    rollout.finish('a', 'failed');
    expect(takeAll(rollout)).toEqual(['b']);
    rollout.retry(['a']);
    rollout.finish('b', 'done');
    expect(takeAll(rollout)).toEqual(['a']);
    expect(rollout.progress.wave).toBe(1);
  });

  it('goes on where an earlier run stopped', () => {
    expect(takeAll(pool([1, 2], {}, { a: 'done' }))).toEqual(['b', 'c']);
    expect(takeAll(pool([1, 2], {}, { a: 'failed' }))).toEqual([]);
    expect(takeAll(pool([1, 2], { heldByProvider: ['a'] }, { a: 'failed' }))).toEqual([]);
    expect(pool([1, 2], { heldByProvider: ['a'] }, { a: 'failed' }).isStopped).toBe(false);
    expect(takeAll(pool([1, 2], {}, { a: 'skipped' }))).toEqual(['b', 'c']);
  });

  it('gives up targets of waves to come', () => {
    const rollout = pool([1, 2]);
    expect(rollout.skip(['b', 'c'])).toEqual(['b', 'c']);
    takeAll(rollout);
    rollout.finish('a', 'done');
    expect(takeAll(rollout)).toEqual(['d', 'e']);
  });

  it('never starts a wave before the one before is settled, nor after a failure too many, in any order', () => {
    let seed = 11;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    for (let round = 0; round < 100; round += 1) {
      const keys = Array.from({ length: 12 }, (_, index) => `p${index}`);
      const sizes: readonly WaveSize[] = [1 + Math.floor(random() * 3), '25%', 4];
      const maxFailures = Math.floor(random() * 3);
      const rollout = new TargetPool(keys, {}, 3, { sizes, maxFailures });
      const waveOf = new Map<string, number>();
      let from = 0;
      for (const [wave, size] of waveSizes(sizes, keys.length).entries()) {
        for (const key of keys.slice(from, from + size)) waveOf.set(key, wave);
        from += size;
      }
      for (let step = 0; step < 120; step += 1) {
        const roll = random();
        const running = rollout.keysIn('running');
        const one = running[Math.floor(random() * running.length)];
        if (roll < 0.5) {
          const failed = rollout.keysIn('failed').length;
          const key = rollout.takeNext();
          if (key === undefined) continue;
          expect(failed).toBeLessThanOrEqual(maxFailures);
          const open = keys.filter((other) => ['pending', 'running'].includes(rollout.snapshot[other] ?? ''));
          const waves = open.map((other) => waveOf.get(other) ?? 0);
          expect(waveOf.get(key)).toBe(Math.min(...waves));
        } else if (roll < 0.9 && one !== undefined) {
          rollout.finish(one, random() < 0.2 ? 'failed' : 'done');
        } else if (roll < 0.95) rollout.retry([]);
        else rollout.skip(rollout.keysIn('failed').slice(0, 1));
        expect(rollout.inFlight).toBeLessThanOrEqual(3);
      }
    }
  });
});

describe('a rollout without waves', () => {
  it('goes on whatever fails, and waits for people when all the rest is done', () => {
    const rollout = new TargetPool(['a', 'b', 'c'], {}, 1);
    expect(rollout.takeNext()).toBe('a');
    rollout.finish('a', 'failed');
    expect(rollout).toMatchObject({ isStopped: false, waitsForPeople: false });
    expect(rollout.takeNext()).toBe('b');
    rollout.finish('b', 'failed', 'provider');
    expect(rollout.takeNext()).toBe('c');
    rollout.finish('c', 'done');
    expect(rollout).toMatchObject({ settled: true, waitsForPeople: true });
  });
});
