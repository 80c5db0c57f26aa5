/** Each shell reads what `gatehouse completion` prints, and completes. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';
import { CliFolder } from './run-cli.js';

let folder: CliFolder;
beforeAll(() => {
  folder = new CliFolder();
  folder.file('fleet.yaml', '');
});
afterAll(() => folder.remove());

/** Runs lines of a shell that has read the completion. @param words what somebody has typed, the last one unfinished */
type Shell = (words: readonly string[]) => Promise<readonly string[]>;

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await folder.run(['completion', shell]);
  expect([code, stderr]).toEqual([0, '']);
  return folder.file(`completion.${shell}`, stdout);
}

function lines(program: string, args: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder.path, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

const bash: Shell = async (words) => {
  const script = await scriptOf('bash');
  const code = `source ${script}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gatehouse
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines('bash', ['--norc', '-c', code, 'bash', ...words]);
};

/** What zsh is told to offer; how it shows that is zsh's own. */
const zsh: Shell = async (words) => {
  const script = await scriptOf('zsh');
  const code = `compdef() { [[ $1 == _gatehouse && $2 == gatehouse ]] || exit 9 }
    _describe() { print -rl -- "\${(@)\${(@P)2}%%:*}" }
    _files() { print -rl -- *(N) }
    source ${script}
    words=("$@"); CURRENT=$#; current=\${words[CURRENT]}
    _gatehouse | while read -r line; do [[ $line == \${current}* ]] && print -r -- $line; done; true`;
  return lines('zsh', ['-f', '-c', code, 'zsh', ...words]);
};

const fish: Shell = async (words) => {
  const script = await scriptOf('fish');
  const offered = lines('fish', ['--no-config', '-c', `source ${script}; complete -C "${words.join(' ')}"`]);
  return offered.map((line) => line.split('\t')[0] ?? '');
};

describe.each([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
])('in %s', (name, complete) => {
  const orSkip = (context: TestContext): void => {
    if (spawnSync(name, ['--version']).error) context.skip(`no ${name} on this machine`);
  };

  it('commands, all of them, and those of a command', async (context) => {
    orSkip(context);
    const commands = buildProgram(async () => undefined).commands.map((command) => command.name());
    const offered = await complete(['gatehouse', '']);
    expect(commands.filter((command) => !offered.includes(command))).toEqual([]);
    expect(await complete(['gatehouse', 'prom'])).toEqual(['promote']);
    expect(
      [...(await complete(['gatehouse', 'keys', '']))].filter((word) => !word.startsWith('-')).sort(),
    ).toEqual(['describe', 'generate', 'help', 'revoke']);
  });

  it('options of the command, those of the program too', async (context) => {
    orSkip(context);
    expect(await complete(['gatehouse', 'apply', '--ti'])).toEqual(
      expect.arrayContaining(['--ticket', '--timeout']),
    );
    expect(await complete(['gatehouse', '--json', 'status', 'req-1', '--wat'])).toEqual(['--watch']);
    expect(await complete(['gatehouse', 'status', '--js'])).toEqual(['--json']);
    expect(await complete(['gatehouse', 'keys', 'revoke', '--ke'])).toEqual(['--keys']);
    expect(await complete(['gatehouse', 'revoke', '--ke'])).toEqual([]);
  });

  it('values: choices, and files where files belong', async (context) => {
    orSkip(context);
    expect([...(await complete(['gatehouse', 'promote', 'shop', '--exception', '']))].sort()).toEqual([
      'break-glass',
      'hotfix',
      'rollback',
    ]);
    expect(await complete(['gatehouse', 'plan', '-f', 'fl'])).toEqual(['fleet.yaml']);
    expect(await complete(['gatehouse', 'verify', 'fl'])).toEqual(['fleet.yaml']);
    expect(await complete(['gatehouse', 'completion', 'z'])).toEqual(['zsh']);
    expect(await complete(['gatehouse', 'approve', 'req-1', '--comment', 'fl'])).toEqual([]);
  });
});
