/** Completion for zsh: sourced, or as the file `_gatehouse` in a folder of fpath. */
import { completionCases, quoted } from './shell-cases.js';
import { type CompletedCommand, lastWord, type Value } from './words.js';

/** @param program all that can be completed */
export function zshCompletion(program: CompletedCommand): string {
  return `#compdef gatehouse
# Completion of gatehouse for zsh: source <(gatehouse completion zsh)
_gatehouse() {
  local before=\${words[CURRENT-1]} command= word
  local -a found
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
${completionCases(program, valueLine, commandBranch)}
}
if [[ \${funcstack[1]} == _gatehouse ]]; then _gatehouse "$@"; else compdef _gatehouse gatehouse; fi
`;
}

function valueLine(value: Value): string {
  if (value.kind === 'file') return '_files';
  return value.kind === 'text' ? ':' : described(value.choices.map((choice) => [choice, '']));
}

/** @param words each with what it means */
function described(words: readonly (readonly [string, string])[]): string {
  const list = words.map(([word, meaning]) => quoted(`${word}:${meaning}`));
  return `found=(${list.join(' ')}); _describe gatehouse found`;
}

function commandBranch({ path, commands, options, values }: CompletedCommand): string {
  const choices = values.flatMap((value) => (value.kind === 'choice' ? value.choices : []));
  const line = described([
    ...commands.map((command) => [lastWord(command), command.description] as const),
    ...choices.map((choice) => [choice, ''] as const),
    ...options.flatMap(({ flags, description }) => flags.map((flag) => [flag, description] as const)),
  ]);
  const files = values.some(({ kind }) => kind === 'file') ? '; _files' : '';
  return `    ${quoted(path)}) ${line}${files} ;;`;
}
