import Type, { type Static } from 'typebox';

/** `{}` = no added latency. Times in milliseconds, per call, log-normal. */
export const LatencyProfile = Type.Object(
  {
    medianMs: Type.Optional(Type.Number({ minimum: 0 })),
    p99Ms: Type.Optional(Type.Number({ minimum: 0 })),
    seed: Type.Optional(Type.Integer()),
  },
  { additionalProperties: false },
);
export type LatencyProfile = Static<typeof LatencyProfile>;

/** 99th percentile of the standard normal distribution */
const Z99 = 2.326347874;

/** Draws latencies of a log-normal distribution from a seed, the same row for the same seed. */
export class Latency {
  #median = 0;
  #sigma = 0;
  #random: () => number = () => 0.5;

  set(profile: LatencyProfile): void {
    this.#median = profile.medianMs ?? 0;
    const p99 = Math.max(profile.p99Ms ?? this.#median, this.#median);
    this.#sigma = this.#median > 0 ? Math.log(p99 / this.#median) / Z99 : 0;
    this.#random = mulberry32(profile.seed ?? 1);
  }

  /** milliseconds for the next call */
  next(): number {
    if (this.#median === 0) return 0;
    const u = 1 - this.#random();
    const v = this.#random();
    const z = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    return this.#median * Math.exp(this.#sigma * z);
  }
}

/** mulberry32, a small public-domain generator; good enough for latencies */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
