/** Runs a program in this process: interruptions, errors in words for people and programs, exit codes. */
import { type Command, CommanderError } from 'commander';
import { errorLines, reportOf } from './error-report.js';
import { EXIT } from './exit-code.js';
import { Output } from './output/output.js';
import type { Runner } from './program-frame.js';

/** Ctrl-C ends what runs in an orderly way; a second one ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** @param build makes the program; what its commands throw is told, and is the exit code */
export async function runProgram(build: (runner: Runner) => Command): Promise<void> {
  endQuietlyWithPipe();
  const signal = interruption();
  const program = build(async (json, run) => {
    const output = new Output(process, json, process.env);
    try {
      process.exitCode = await run({ env: process.env, output, signal, now: Date.now });
    } catch (error) {
      process.exitCode = EXIT.error;
      // whoever pressed Ctrl-C knows why it ended
      if (!signal.aborted) tell(output, error);
    }
  });
  everyCommand(program, (command) => command.exitOverride());
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // help and version are no errors; commander has said what is wrong, and shown the help
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.error;
  }
}

function tell(output: Output, error: unknown): void {
  const report = reportOf(error);
  output.passing('');
  if (output.json) output.document({ error: report });
  else process.stderr.write(`${errorLines(report, output.errorStyle).join('\n')}\n`);
}

function everyCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const child of command.commands) everyCommand(child, change);
}

/** `gatehouse status | head` closes the pipe before the end: that is no error. */
function endQuietlyWithPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
