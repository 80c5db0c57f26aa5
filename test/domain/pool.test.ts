import { describe, expect, it } from 'vitest';
import { TargetPool } from '../../src/domain/pool.js';

describe('the pool of targets', () => {
  it('never has more in flight than allowed, in any order of starts, ends and retries', () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    for (let round = 0; round < 200; round += 1) {
      const limit = 1 + Math.floor(random() * 6);
      const keys = Array.from({ length: 20 }, (_, index) => `c${index}`);
      const pool = new TargetPool(keys, {}, limit);
      for (let step = 0; step < 300; step += 1) {
        const roll = random();
        if (roll < 0.5) pool.takeNext();
        else if (roll < 0.9) {
          const running = pool.keysIn('running');
          const key = running[Math.floor(random() * running.length)];
          if (key !== undefined) pool.finish(key, random() < 0.3 ? 'failed' : 'done');
        } else pool.retry([]);
        expect(pool.inFlight).toBeLessThanOrEqual(limit);
      }
    }
  });

  it('leaves out what an earlier run finished', () => {
    const pool = new TargetPool(['a', 'b'], { a: 'done' }, 2);
    expect(pool.takeNext()).toBe('b');
    expect(pool.takeNext()).toBeUndefined();
  });

  it('is settled when only ends are left, and a retry unsettles it', () => {
    const pool = new TargetPool(['a'], {}, 1);
    expect(pool.settled).toBe(false);
    pool.takeNext();
    pool.finish('a', 'failed');
    expect(pool.settled).toBe(true);
    expect(pool.retry(['b'])).toEqual([]);
    expect(pool.retry([])).toEqual(['a']);
    expect(pool.settled).toBe(false);
  });

  it('keeps what failed in an earlier run until somebody retries it', () => {
    const pool = new TargetPool(['a', 'b'], { a: 'failed' }, 2);
    expect(pool.takeNext()).toBe('b');
    expect(pool.takeNext()).toBeUndefined();
    expect(pool.retry([])).toEqual(['a']);
    expect(pool.takeNext()).toBe('a');
  });

  it('skips named targets only, and never one that runs', () => {
    const pool = new TargetPool(['a', 'b'], {}, 1);
    pool.takeNext();
    expect(pool.skip([])).toEqual([]);
    expect(pool.skip(['a', 'b'])).toEqual(['b']);
    expect(pool.snapshot).toEqual({ a: 'running', b: 'skipped' });
  });
});
