/** The command line of Gatehouse. */
import { buildProgram } from './program.js';
import { runProgram } from './run-program.js';

await runProgram(buildProgram);
