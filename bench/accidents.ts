import { ACCIDENTS } from './accidents/all.js';
import { foolsSyncedAndHealthy } from './accidents/naive.js';
import { Stage } from './accidents/stage.js';
import { atMost, type Bench, counted } from './bench.js';

export const bench: Bench = {
  describe: 'what went wrong with other waits for Argo CD and Flux, played to "gatehouse wait"',

  async run() {
    const stage = await Stage.open();
    const accidents = Object.values(ACCIDENTS).flat();
    const fooled = accidents.filter((one) => foolsSyncedAndHealthy(one, stage.story)).length;
    let [greens, reds, slow] = [0, 0, 0];
    try {
      for (const accident of accidents) {
        const { falseGreen, falseRed, slow: late, code } = await stage.play(accident);
        greens += Number(falseGreen);
        reds += Number(falseRed);
        slow += Number(late);
        const verdict = falseGreen ? 'FALSE GREEN' : falseRed ? 'FALSE RED' : late ? 'NOT AT ONCE' : 'right';
        process.stderr.write(`${verdict}  ${accident.name} (exit code ${code})\n`);
      }
    } finally {
      await stage.close();
    }
    return [
      counted('accidents', accidents.length, 'accidents'),
      counted('of these, fooling "Synced and Healthy"', fooled, 'accidents'),
      atMost('false greens', greens, 'waits', 0),
      atMost('false reds', reds, 'waits', 0),
      atMost('failures not seen at once', slow, 'waits', 0),
    ];
  },
};
