/** Twice the input is twice the work, for every parser, pattern and schema that can be reached from outside. */
import { atMost, type Bench, counted } from './bench.js';
import { INPUT_CASES } from './inputs/cases.js';
import { growthOf } from './inputs/growth.js';

/** Linear work doubles; garbage collection and caches add to it. */
const GOAL = 2.5;
/** What is done in less than this, in microseconds, at 120 KB harms nobody, and is too short to be judged. */
const SHORTEST_US = 20;

export const bench: Bench = {
  describe:
    'CPU time at twice the input against once, for each parser, pattern and schema reachable from outside',
  async run() {
    let worst = { name: 'none', ratio: 0 };
    let over = 0;
    for (const { name, size, prepare } of INPUT_CASES) {
      const first = growthOf(prepare, size, 2, GOAL);
      if (first.largeUs < SHORTEST_US) continue;
      // what looks bad once is measured again: the smallest of both counts
      const ratio =
        first.ratio <= GOAL ? first.ratio : Math.min(first.ratio, growthOf(prepare, size, 2, GOAL).ratio);
      if (ratio > worst.ratio) worst = { name, ratio };
      if (ratio > GOAL) {
        over += 1;
        process.stderr.write(`${name}: ${ratio.toFixed(2)}\n`);
      }
    }
    return [
      counted('inputs', INPUT_CASES.length, 'parsers and patterns with an input'),
      atMost(`largest growth (${worst.name})`, Math.round(worst.ratio * 100) / 100, 'ratio', GOAL),
      atMost('inputs that grow faster', over, 'inputs', 0),
    ];
  },
};
