/** `npm run check`: types, lint, format, import rules, lock file and words, side by side. Ends with 1 if one fails. */
import { elapsed } from '../sandbox/stack/progress.js';
import { LOCK_FILE } from './check/lock-file.js';
import { TOOLS } from './check/tools.js';
import { WORDS } from './check/words.js';

const begin = Date.now();
const failed: string[] = [];

await Promise.all(
  [...TOOLS, LOCK_FILE, WORDS].map(async (check) => {
    const faults = await check.run();
    process.stdout.write(
      `${faults.length === 0 ? 'ok    ' : 'FAILED'}  ${check.name} (${elapsed(Date.now() - begin)})\n`,
    );
    if (faults.length === 0) return;
    failed.push(check.name);
    process.stdout.write(`${faults.map((line) => `        ${line}`).join('\n')}\n`);
  }),
);

process.stdout.write(failed.length === 0 ? `All checks passed\n` : `Failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
