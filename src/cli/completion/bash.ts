/** Completion for bash 3.2 and later, without the package bash-completion. */
import { completionCases, quoted } from './shell-cases.js';
import { type CompletedCommand, lastWord, type Value } from './words.js';

/** @param program all that can be completed */
export function bashCompletion(program: CompletedCommand): string {
  return `# Completion of gatehouse for bash: source <(gatehouse completion bash)
_gatehouse_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen -f -- "$1"))
}
_gatehouse() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
${completionCases(program, valueLine, commandBranch)}
}
complete -F _gatehouse gatehouse
`;
}

function valueLine(value: Value): string {
  if (value.kind === 'file') return '_gatehouse_files "$current"';
  return value.kind === 'text' ? ':' : words(value.choices);
}

function words(all: readonly string[]): string {
  return `COMPREPLY+=($(compgen -W ${quoted(all.join(' '))} -- "$current"))`;
}

function commandBranch({ path, commands, options, values }: CompletedCommand): string {
  const choices = values.flatMap((value) => (value.kind === 'choice' ? value.choices : []));
  const all = [...commands.map(lastWord), ...choices, ...options.flatMap(({ flags }) => flags)];
  const files = values.some(({ kind }) => kind === 'file') ? '; _gatehouse_files "$current"' : '';
  return `    ${quoted(path)}) ${words(all)}${files} ;;`;
}
