/**
 * `npm test`: all tests that need no account and no root. `npm test -- ledger hostile` runs those folders of `test/`,
 * `npm test -- unit` all light ones. The last line is `N passed, N failed`.
 */
import { join } from 'node:path';
import { installChromium } from '../sandbox/stack/chromium.js';
import { elapsed } from '../sandbox/stack/progress.js';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { openStackBroker } from '../test/support/stack-broker.js';
import { runPart } from './run-part.js';
import type { RunResult } from './run-result.js';
import { printSummary, readSystemReport, type SystemLine } from './summary.js';
import { partsOf, UnknownPartError } from './test-parts.js';

async function main(names: readonly string[]): Promise<number> {
  const parts = partsOf(names);
  const notes: string[] = [];
  const browserMissing = await installChromium();
  if (browserMissing !== undefined) notes.push(`What needs a browser: ${browserMissing}`);
  const folder = await temporaryFolder('test-results');
  const report = join(folder.path, 'systems.jsonl');
  const broker = await openStackBroker();
  const env = { GATEHOUSE_STACK_BROKER: broker.url, GATEHOUSE_TEST_REPORT: report };
  const results: { name: string; result: RunResult }[] = [];
  try {
    for (const [i, part] of parts.entries()) {
      const begin = Date.now();
      process.stdout.write(`\n== Part ${i + 1} of ${parts.length}: ${part.name} (${part.paths.join(' ')})\n`);
      results.push({ name: part.name, result: await runPart(part, folder.path, env) });
      process.stdout.write(`== ${part.name}: ${elapsed(Date.now() - begin)}\n`);
    }
    const noted = await readSystemReport(report);
    const shared = Object.entries(broker.facts()).map(
      ([system, detail]): SystemLine => ({
        system,
        answered: detail === undefined ? 'not asked' : 'real',
        detail: detail ?? '',
      }),
    );
    // A test with a server of its own has noted it itself.
    const used = shared.filter(
      (line) => line.detail !== '' || noted.every(({ system }) => system !== line.system),
    );
    return printSummary([...used, ...noted], results, notes);
  } finally {
    await broker.dispose();
    await folder.remove();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UnknownPartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
