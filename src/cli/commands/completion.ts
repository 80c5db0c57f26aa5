/** `gatehouse completion`: what a shell reads to complete commands and options. */
import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import type { Shell } from '../completion/shells.js';
import { completedCommand } from '../completion/words.js';
import { zshCompletion } from '../completion/zsh.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Written here and not taken from a package: commander has the words, and what exists starts the command at each key. */
const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const satisfies Record<
  Shell,
  unknown
>;

/** @param program all commands */
export async function completion({ output }: Session, program: Command, shell: Shell): Promise<ExitCode> {
  const script = SHELLS[shell](completedCommand(program));
  output.result({ shell, script }, () => [script.trimEnd()]);
  return EXIT.done;
}
