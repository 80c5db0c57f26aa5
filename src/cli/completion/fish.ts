/** Completion for fish 3. */
import { allCommands, type CompletedCommand, type CompletedOption, lastWord, type Value } from './words.js';

/** @param program all that can be completed */
export function fishCompletion(program: CompletedCommand): string {
  const below = allCommands(program).filter(({ path }) => path !== '');
  const patterns = below.map(({ path }) => quoted(path.includes(' ') ? path : ` ${path}`));
  return `# Completion of gatehouse for fish: gatehouse completion fish | source
function __gatehouse_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${patterns.join(' ')}
                set at (string trim -- "$at $word")
        end
    end
    test "$at" = "$argv[1]"
end
complete -c gatehouse -e
complete -c gatehouse -f
${allCommands(program).flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, options, values }: CompletedCommand): readonly string[] {
  const begin = `complete -c gatehouse -n ${quoted(`__gatehouse_at ${quoted(path)}`)}`;
  return [
    ...commands.map(
      (command) => `${begin} -a ${quoted(lastWord(command))} -d ${quoted(command.description)}`,
    ),
    ...values.flatMap((value) => (value.kind === 'text' ? [] : [`${begin} ${valueWords(value)}`])),
    ...options.map((option) => `${begin} ${optionWords(option)} -d ${quoted(option.description)}`),
  ];
}

function optionWords({ flags, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  if (value === undefined) return names.join(' ');
  // -x: a value, and no files
  return [...names, value.kind === 'file' ? '-r' : '-x', valueWords(value)].join(' ').trim();
}

function valueWords(value: Value): string {
  if (value.kind === 'file') return '-F';
  return value.kind === 'text' ? '' : `-a ${quoted(value.choices.join(' '))}`;
}

/** fish reads these two behind a backslash within quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
