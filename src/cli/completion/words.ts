/** What a shell may complete, read from the program itself, so that a new command or option is completed without further work. */
import type { Argument, Command, Option } from 'commander';

/** What stands behind an option, or as an argument. */
export type Value =
  | { readonly kind: 'file' }
  | { readonly kind: 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export interface CompletedOption {
  /** e.g. `-f` and `--file` */
  readonly flags: readonly string[];
  readonly description: string;
  /** absent: it takes no value */
  readonly value?: Value;
}

export interface CompletedCommand {
  /** words behind `gatehouse`, e.g. `keys revoke`; empty for the program */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly CompletedCommand[];
  readonly options: readonly CompletedOption[];
  readonly values: readonly Value[];
}

/** Names of values that are paths, as the help shows them. */
const PATHS: ReadonlySet<string> = new Set(['path', 'file', 'folder', 'ring', 'clone']);

/** @param command the program, or one of its commands */
export function completedCommand(
  command: Command,
  path = '',
  above: readonly Option[] = [],
): CompletedCommand {
  const help = command.createHelp();
  const everywhere = [...above, ...command.options.filter(({ long }) => long === '--json')];
  return {
    path,
    description: command.description(),
    commands: help
      .visibleCommands(command)
      .map((child) => completedCommand(child, `${path} ${child.name()}`.trim(), everywhere)),
    options: [...help.visibleOptions(command), ...above].map(completedOption),
    values: help.visibleArguments(command).map(completedValue),
  };
}

/** It and all below it, in order. */
export function allCommands(command: CompletedCommand): readonly CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** What it is called behind the command above it. */
export function lastWord({ path }: CompletedCommand): string {
  return path.slice(path.lastIndexOf(' ') + 1);
}

function completedOption(option: Option): CompletedOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag != null),
    description: option.description,
    ...(option.required || option.optional ? { value: completedValue(option) } : {}),
  };
}

function completedValue(of: Option | Argument): Value {
  if (of.argChoices !== undefined) return { kind: 'choice', choices: of.argChoices };
  const name = 'flags' in of ? /<([\w/=]+)/.exec(of.flags)?.[1] : of.name();
  return { kind: name !== undefined && PATHS.has(name) ? 'file' : 'text' };
}
