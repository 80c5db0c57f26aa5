/** The command line where it is one file: see `build/command-file`. */
import { asksForLarge } from './large-commands.js';
import { unpacked } from './one-file-part.js';
import { buildProgram } from './program.js';
import { runProgram } from './run-program.js';

/** The program with its large commands and the files that it reads, packed; the build puts it here. */
declare const GATEHOUSE_LARGE_PART: string;

// Node does not tell of what packages in node_modules use; in one file it cannot know them
process.noDeprecation = true;
if (asksForLarge(process.argv.slice(2))) {
  unpacked(GATEHOUSE_LARGE_PART).start(require);
} else {
  runProgram(buildProgram).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
