/**
 * How long processes take to start, as multiples of `node -e 0` on the same machine at the same time: the command line,
 * the API until it answers that it is ready, a worker until it asks Temporal for work. The API and the worker start against
 * databases and a Temporal that run already; the worker has its workflow bundle, as in an image.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../scripts/run-part.js';
import { atMost, type Bench, counted, type Figure } from './bench.js';
import { type BenchStack, machine, say, startBenchStack } from './fleet/bench-stack.js';
import { percentile } from './statistics/percentile.js';

/** Each is started so often, in turn with all others, so that a busy moment meets all of them. */
const SHORT_ROUNDS = 15;
const LONG_ROUNDS = 5;
const BIN = join(ROOT, 'bin/gatehouse.js');

/** Goals in milliseconds on a quiet machine, where `node -e 0` takes this; what is judged is the multiple. */
const QUIET_NODE_MS = 40;
const GOAL_MS = { version: 300, '--version': 300, 'status (asks the API)': 500 } as const;

async function msOf(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
  return performance.now() - begin;
}

/** Milliseconds of each, by name, in rounds. */
async function measured(
  what: Readonly<Record<string, () => Promise<number>>>,
  rounds: number,
): Promise<(name: string) => number> {
  const found = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, once] of Object.entries(what)) {
      found.set(name, [...(found.get(name) ?? []), await once()]);
    }
  }
  return (name) => percentile(found.get(name) ?? [], 0.5);
}

function plainNode(): Promise<number> {
  return msOf(['-e', '0']);
}

async function commandLine({ stack, api }: BenchStack): Promise<readonly Figure[]> {
  const { PATH = '' } = process.env;
  const tokenFile = join(stack.folder, 'bench-token');
  writeFileSync(tokenFile, await api.tokenOf('olga'), { mode: 0o600 });
  const env = {
    PATH,
    HOME: stack.folder,
    GATEHOUSE_URL: stack.apiUrl,
    GATEHOUSE_TOKEN_FILE: tokenFile,
  };
  const ask =
    (...args: string[]) =>
    () =>
      msOf([BIN, ...args], env);
  // makes the one file, where it is old
  await ask('version')();
  const ms = await measured(
    {
      node: plainNode,
      version: ask('version'),
      '--version': ask('--version'),
      'status (asks the API)': ask('status'),
    },
    SHORT_ROUNDS,
  );
  const node = ms('node');
  return [
    counted('node -e 0', Math.round(node), 'ms'),
    ...Object.entries(GOAL_MS).flatMap(([name, goal]) => [
      counted(`gatehouse ${name}`, Math.round(ms(name)), 'ms'),
      atMost(`gatehouse ${name} against node -e 0`, ratio(ms(name), node), 'ratio', goal / QUIET_NODE_MS),
    ]),
  ];
}

async function servers({ stack }: BenchStack): Promise<readonly Figure[]> {
  const api = async (): Promise<number> => {
    await stack.api?.stop();
    const begin = performance.now();
    await stack.startApi();
    return performance.now() - begin;
  };
  const worker = async (): Promise<number> => {
    const begin = performance.now();
    const started = await stack.startWorker();
    const took = performance.now() - begin;
    await started.stop();
    return took;
  };
  // makes the bundles of both, as an image has them
  await api();
  await worker();
  const ms = await measured({ node: plainNode, API: api, worker }, LONG_ROUNDS);
  return ['API', 'worker'].flatMap((name) => [
    counted(name, Math.round(ms(name)), 'ms'),
    counted(`${name} against node -e 0`, ratio(ms(name), ms('node')), 'ratio'),
  ]);
}

function ratio(ms: number, of: number): number {
  return Math.round((ms / of) * 100) / 100;
}

export const bench: Bench = {
  describe: 'start-up of command line, API and worker, against `node -e 0`',
  async run() {
    const bench = await startBenchStack({ clusters: 1 });
    try {
      say(machine());
      return [...(await commandLine(bench)), ...(await servers(bench))];
    } finally {
      await bench.dispose();
    }
  },
};
