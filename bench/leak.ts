import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { workflowBundleCode } from '../src/worker/bundle.js';
import { atMost, type Bench, counted } from './bench.js';
import { LeakRun } from './leak/leak-run.js';

const CLUSTERS = 12;
const MEGABYTE = 1_000_000;

export const bench: Bench = {
  describe: `every secret of ${CLUSTERS} clusters, in every spelling, searched wherever Gatehouse writes or answers`,

  async run() {
    const folder = await temporaryFolder('leak-bench');
    const workflowBundle = join(folder.path, 'workflows.js');
    await writeFile(workflowBundle, await workflowBundleCode());
    const run = await LeakRun.start({ clusters: CLUSTERS, workflowBundle });
    try {
      await run.onboard();
      const { leaks, canaries, sinks } = await run.search();
      for (const leak of leaks) {
        process.stderr.write(`${leak.canary} in ${leak.sink}, ${leak.spelling}, at ${leak.at}\n`);
      }
      const bytes = sinks.reduce((sum, sink) => sum + sink.bytes.length, 0);
      return [
        counted('secrets searched for', canaries.length, 'secrets'),
        counted('places searched', sinks.length, 'places'),
        counted('searched', Math.round(bytes / MEGABYTE), 'MB'),
        counted('failures on the way', run.failures.length, 'failures'),
        atMost('secrets found', leaks.length, 'secrets', 0),
      ];
    } finally {
      await run.dispose();
      await folder.remove();
    }
  },
};
