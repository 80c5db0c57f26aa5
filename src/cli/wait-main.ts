/** `gatehouse wait` alone, as one file for pipelines: see `build/wait-file`. */
import { runProgram } from './run-program.js';
import { buildWaitProgram } from './wait-program.js';

// Node does not tell of what packages in node_modules use; in one file it cannot know them
process.noDeprecation = true;
// CommonJS, which one file is: it has no `await` at its top
runProgram(buildWaitProgram).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
