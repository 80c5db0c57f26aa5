/** What every program of ours begins with: its name, `--json`, and how its commands are run. */
import { Command } from 'commander';
import { versionLine } from './commands/version.js';
import type { ExitCode } from './exit-code.js';
import type { Session } from './session.js';

/** Runs one command in a session that is made for it. */
export type Runner = (json: boolean, run: (session: Session) => Promise<ExitCode>) => Promise<void>;

/** Runs what a command does, as the runner of its program does. */
export type Run = (work: (session: Session) => Promise<ExitCode>) => Promise<void>;

export interface ProgramFrame {
  readonly program: Command;
  readonly run: Run;
}

/**
 * @param after text below the help
 * @param runner gets what the chosen command does
 */
export function programFrame(description: string, after: string, runner: Runner): ProgramFrame {
  const program = new Command('gatehouse')
    .description(description)
    .version(versionLine(), '-V, --version', 'version of this command')
    .option('--json', 'JSON for programs: one document, or one per line where it goes on')
    .addHelpText('after', after)
    // a typing mistake wants the word that was meant, not a page
    .showHelpAfterError('(gatehouse help shows all commands, gatehouse help <command> the options of one)')
    .showSuggestionAfterError()
    .helpCommand(true);
  // options are read with those of the program, so that --json may stand anywhere
  const run: Run = (work) => runner(program.opts<{ json?: boolean }>().json === true, work);
  return { program, run };
}
