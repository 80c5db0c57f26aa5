/**
 * `npm test`: all tests that need no account and no root. `npm test -- ledger hostile` runs those folders of `test/`,
 * `npm test -- unit` all light ones. The last line is `N passed, N failed`.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installChromium } from '../sandbox/stack/chromium.js';
import { elapsed } from '../sandbox/stack/progress.js';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { openStackBroker } from '../test/support/stack-broker.js';
import { type Part, runPart } from './run-part.js';
import { type PartResult, printSummary, readSystemReport, type SystemLine } from './summary.js';
import { partsOf, UnknownPartError } from './test-parts.js';

/** Heavy parts side by side: each starts an installation of its own, which is idle for much of its time. */
const LANES = 2;

async function main(names: readonly string[]): Promise<number> {
  const parts = partsOf(names);
  const notes: string[] = [];
  const browserMissing = await installChromium();
  if (browserMissing !== undefined) notes.push(`What needs a browser: ${browserMissing}`);
  const folder = await temporaryFolder('test-results');
  const report = join(folder.path, 'systems.jsonl');
  const broker = await openStackBroker();
  const env = { GATEHOUSE_STACK_BROKER: broker.url, GATEHOUSE_TEST_REPORT: report };
  const results: PartResult[] = [];
  const run = async (part: Part, output: 'inherit' | number): Promise<void> => {
    const begin = Date.now();
    process.stdout.write(`\n== ${part.name} (${part.paths.join(' ')})\n`);
    const result = await runPart(part, folder.path, env, output);
    results.push({ name: part.name, result, took: elapsed(Date.now() - begin) });
  };
  try {
    // the light ones use all processors; the heavy ones wait more than they work
    const [alone, beside] = [parts.filter(({ serial }) => !serial), parts.filter(({ serial }) => serial)];
    for (const part of alone) await run(part, 'inherit');
    const lane = async (): Promise<void> => {
      for (let part = beside.shift(); part !== undefined; part = beside.shift()) {
        const log = join(folder.path, `${part.name}.log`);
        const descriptor = openSync(log, 'w');
        await run(part, descriptor);
        closeSync(descriptor);
        process.stdout.write(`\n== ${part.name}: what it said\n${readFileSync(log, 'utf8')}`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
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
