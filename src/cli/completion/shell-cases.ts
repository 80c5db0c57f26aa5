/** What bash and zsh need alike: their `case` branches. */
import { allCommands, type CompletedCommand, type Value } from './words.js';

/** One word of a POSIX shell, whatever stands in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * What both do once they have the next word: it may be a command of the one before it; then the value of an option, or what
 * may stand behind the command, is completed.
 */
export function completionCases(
  program: CompletedCommand,
  lineFor: (value: Value) => string,
  branchFor: (command: CompletedCommand) => string,
): string {
  return `    case "$command $word" in
      ${commandPatterns(program)}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command $before" in
${valueBranches(program, lineFor).join('\n')}
  esac
  case "$command" in
${allCommands(program).map(branchFor).join('\n')}
  esac`;
}

/** `"$command $word"` where a word is a command of the one before it. */
function commandPatterns(program: CompletedCommand): string {
  const patterns = allCommands(program)
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path.includes(' ') ? path : ` ${path}`));
  return patterns.join('|');
}

/** One branch for each option with a value, by `"$command $before"`. */
function valueBranches(program: CompletedCommand, lineFor: (value: Value) => string): readonly string[] {
  return allCommands(program).flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) =>
      value === undefined
        ? []
        : [`    ${flags.map((flag) => quoted(`${path} ${flag}`)).join('|')}) ${lineFor(value)}; return ;;`],
    ),
  );
}
