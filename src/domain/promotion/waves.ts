/** Waves of a rollout: how many targets each one takes. */

/** A count of targets, or per cent of all. */
export type WaveSize = number | `${number}%`;

/**
 * Sizes of the waves of a rollout. A canary is nothing but a first wave of few.
 * @param waves sizes in order; the last one is repeated until all targets are in a wave; none: one wave of all
 * @param total number of targets
 * @returns sizes that add up to `total`; per cent of all are rounded up, and no wave is empty
 */
export function waveSizes(waves: readonly WaveSize[], total: number): readonly number[] {
  const sizes: number[] = [];
  let left = total;
  while (left > 0) {
    const wave = waves[sizes.length] ?? waves.at(-1) ?? total;
    const size = Math.min(left, Math.max(1, countOf(wave, total)));
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

function countOf(wave: WaveSize, total: number): number {
  if (typeof wave === 'number') return Math.floor(wave);
  return Math.ceil((Number.parseFloat(wave) * total) / 100);
}
