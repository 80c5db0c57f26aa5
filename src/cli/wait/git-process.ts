/** Runs Git without questions, hooks of the terminal or words of another language. */
import { spawn } from 'node:child_process';
import { CliError } from '../cli-error.js';

export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  /** one line, without credentials */
  readonly said: string;
}

/** Longest time for one call in milliseconds: a fetch of a large repository. */
const LONGEST_CALL_MS = 120_000;

/** @throws CliError when there is no Git, or no answer in time */
export async function git(args: readonly string[], signal: AbortSignal): Promise<GitAnswer> {
  const time = AbortSignal.timeout(LONGEST_CALL_MS);
  const child = spawn('git', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
    signal: AbortSignal.any([signal, time]),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (time.aborted)
        reject(new CliError('Git did not answer in time.', 'Check the repository, then retry.'));
      else if ('code' in error && error.code === 'ENOENT') {
        reject(new CliError('There is no git to ask.', 'Install git, or leave --repository out.'));
      } else reject(error);
    });
    child.once('close', (code) => resolve({ exitCode: code ?? 1, stdout, said: firstLine(stderr) }));
  });
}

function firstLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.find((line) => /^(fatal|error):/.test(line)) ?? lines[0] ?? '';
  return telling.replace(/:\/\/[^\s/@]+@/g, '://').slice(0, 300);
}
