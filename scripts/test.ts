/**
 * `npm test`: all tests that need no account and no root. `npm test -- ledger hostile` runs those folders of `test/`,
 * `npm test -- unit` all light ones, `--seed 7` begins the files in the order of an earlier run. The last line is
 * `N passed, N failed`.
 */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installChromium } from '../sandbox/stack/chromium.js';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { openStackBroker } from '../test/support/stack-broker.js';
import { runPart } from './run-part.js';
import { type PartResult, printSummary, readSystemReport, type SystemLine } from './summary.js';
import { partsOf, UnknownPartError } from './test-parts.js';

/** All parts together end in this time, so that what did not fit is still named before CI cuts the run. Default: no limit. */
const MINUTES = Number(process.env.GATEHOUSE_TEST_MINUTES ?? 'Infinity');
/** Seeds are short enough to be typed again. */
const SEEDS = 1_000_000;

/** `--seed` is no whole number. */
class SeedError extends Error {
  override readonly name = 'SeedError';
}

async function main(names: readonly string[], seed: number): Promise<number> {
  const parts = partsOf(names, availableParallelism());
  const notes: string[] = [];
  const browserMissing = await installChromium();
  if (browserMissing !== undefined) notes.push(`What needs a browser: ${browserMissing}`);
  const folder = await temporaryFolder('test-results');
  const report = join(folder.path, 'systems.jsonl');
  const broker = await openStackBroker();
  const env = {
    GATEHOUSE_STACK_BROKER: broker.url,
    GATEHOUSE_TEST_REPORT: report,
    GATEHOUSE_TEST_SEED: String(seed),
  };
  const results: PartResult[] = [];
  const end = Date.now() + MINUTES * 60_000;
  try {
    // the light ones use all processors; the heavy ones wait more than they work
    for (const part of parts) {
      const begin = Date.now();
      process.stdout.write(`\n== ${part.name} (${part.paths.join(' ')}), seed ${seed}\n`);
      const result = await runPart(
        { ...part, limitMs: Math.max(1_000, Math.min(part.limitMs, end - begin)) },
        folder.path,
        env,
      );
      results.push({ name: part.name, result, tookMs: Date.now() - begin });
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
    return printSummary([...used, ...noted], results, { notes, seed });
  } finally {
    await broker.dispose();
    await folder.remove();
  }
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return randomInt(SEEDS);
  if (!/^\d{1,9}$/.test(text)) throw new SeedError(`--seed wants a whole number, e.g. --seed 7, not ${text}`);
  return Number(text);
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string' } },
  });
  process.exitCode = await main(positionals, seedOf(values.seed));
} catch (error) {
  const isOurs = error instanceof UnknownPartError || error instanceof SeedError;
  const isOption =
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!isOurs && !isOption) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
