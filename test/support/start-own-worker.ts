import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { jsonLine, type RunningProcess, startTypeScript } from '../../sandbox/stack/processes.js';

/** Longer than a worker needs to start on a busy machine. */
const READY_MS = 120_000;

/** Starts a worker of the tests (`own-worker`) beside a stack, which ends it with the others. @param entry its file */
export async function startOwnWorker(
  stack: GatehouseStack,
  entry: URL,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProcess<unknown>> {
  const worker = await startTypeScript({
    name: 'own worker',
    entry: fileURLToPath(entry),
    env: stack.environment('worker', env),
    logFile: join(stack.folder, 'logs', 'own-worker.log'),
    ready: jsonLine((line) => (line.ready === 'worker' ? line : undefined)),
    readyTimeoutMs: READY_MS,
  });
  stack.workers.push(worker);
  return worker;
}
