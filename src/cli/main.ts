/** The command line of Gatehouse. */
import { buildProgram } from './program.js';
import { runProgram } from './run-program.js';

// CommonJS, which one file is, has no `await` at its top
runProgram(buildProgram).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
