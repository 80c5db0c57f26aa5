import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { freePort, isListening } from './ports.js';
import { type RunningProcess, startProcess } from './processes.js';
import { type TemporalBinary, temporalBinary } from './temporal-binary.js';
import { temporaryFolder } from './temporary-folder.js';

/** A Temporal server that runs: found by `TEMPORAL_ADDRESS`, or started by us. */
export interface TemporalServer {
  /** `host:port` of its gRPC front end. */
  readonly address: string;
  /** Address of its web page, when it has one that we know. */
  readonly uiUrl: string | undefined;
  /** One line for people: what answered and where it came from. */
  readonly description: string;
  /** False for a server found by `TEMPORAL_ADDRESS`: that one can be neither stopped nor restarted by us. */
  readonly ours: boolean;
  /** Ends it. `SIGKILL` ends it as a crash would. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again, on the same ports and database, after `stop`. */
  start(): Promise<void>;
  /** `stop`, and its files removed, unless they are in a folder that the caller gave. */
  dispose(): Promise<void>;
}

export interface TemporalOptions {
  /** Folder for database and log, kept at the end. Default: a temporary one. */
  readonly folder?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Serve the web page too: `true` for a free port, or the port. Default: no page. */
  readonly ui?: boolean | number;
  /** Namespaces that exist when it is up, `default` in any case. */
  readonly namespaces?: readonly string[];
  /** More dynamic configuration: key to value (written as JSON). */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  /** Serve the server's own counts at `/metrics` of this port. Default: not. */
  readonly metricsPort?: number;
  /** Ask for a server of our own, even if `TEMPORAL_ADDRESS` is set: for tests that stop it. */
  readonly own?: boolean;
}

/**
 * Dynamic configuration of every dev server.
 * One partition for each queue: a server-side rate limit is exact only then (measured: 2.24 times the floor at 0.2/s
 * with the default of four, 1.03 with one), and one process gains nothing by four.
 */
const DYNAMIC_CONFIG = {
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
} as const;

/** With a database file: 2 to 4 times the activities per second of the default (measured on 2 cores). */
const SQLITE_PRAGMAS = ['journal_mode=wal', 'synchronous=1'] as const;

const START_TIMEOUT_MS = 60_000;

/**
 * A Temporal server: the one at `TEMPORAL_ADDRESS`, else a dev server of our own, with a program that is found or made
 * by `temporalBinary`. Returns when it serves.
 * @throws BuildError when there is no program, ProcessError when it doesn't start
 */
export async function temporalServer(o: TemporalOptions = {}): Promise<TemporalServer> {
  const given = process.env.TEMPORAL_ADDRESS;
  if (given !== undefined && given !== '' && o.own !== true) return existing(given);
  return startDevServer(await temporalBinary(), o);
}

function existing(address: string): TemporalServer {
  return {
    address,
    uiUrl: undefined,
    description: `the server at ${address} (TEMPORAL_ADDRESS)`,
    ours: false,
    stop: () =>
      Promise.reject(new Error(`The server at ${address} is not ours to stop: unset TEMPORAL_ADDRESS`)),
    start: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  };
}

async function startDevServer(binary: TemporalBinary, o: TemporalOptions): Promise<TemporalServer> {
  const temporary = o.folder === undefined ? await temporaryFolder('temporal') : undefined;
  const folder = o.folder ?? temporary?.path ?? '';
  const port = o.port ?? (await freePort());
  const uiPort = typeof o.ui === 'number' ? o.ui : o.ui === true ? await freePort() : undefined;
  const address = `127.0.0.1:${port}`;
  const run = () =>
    startProcess({
      name: 'Temporal dev server',
      command: binary.path,
      args: argumentsOf(o, folder, port, uiPort),
      // It would take settings for its client from the environment, which may be meant for another server.
      env: withoutTemporalSettings(process.env),
      logFile: join(folder, 'temporal.log'),
      ready: async () => ((await isListening(port)) ? serves(address) : undefined),
      readyTimeoutMs: START_TIMEOUT_MS,
    });
  let running: RunningProcess<true> | undefined = await run();
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    const it = running;
    running = undefined;
    if (it === undefined) return;
    if (signal === 'SIGTERM') await it.stop();
    else {
      it.kill('SIGKILL');
      await it.ended;
    }
  };
  return {
    address,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    description: `dev server ${binary.serverVersion}, ${binary.source === 'PATH' ? 'found on the PATH' : binary.source}`,
    ours: true,
    stop,
    async start() {
      running ??= await run();
    },
    async dispose() {
      await stop();
      await temporary?.remove();
    },
  };
}

function argumentsOf(o: TemporalOptions, folder: string, port: number, uiPort: number | undefined): string[] {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'];
  args.push('--db-filename', join(folder, 'temporal.db'));
  for (const pragma of SQLITE_PRAGMAS) args.push('--sqlite-pragma', pragma);
  for (const [key, value] of Object.entries({ ...DYNAMIC_CONFIG, ...o.dynamicConfig })) {
    args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`);
  }
  for (const namespace of o.namespaces ?? []) args.push('--namespace', namespace);
  if (uiPort === undefined) args.push('--headless');
  else args.push('--ui-port', String(uiPort), '--ui-disable-news-fetch');
  if (o.metricsPort !== undefined) args.push('--metrics-port', String(o.metricsPort));
  return args;
}

/**
 * Asks the front end's health service, and then for the default namespace, which the dev server makes last.
 * To be asked only when the port listens: a connection that is refused keeps our process alive for 20 s more.
 */
async function serves(address: string): Promise<true | undefined> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    const health = await connection.healthService.check({
      service: 'temporal.api.workflowservice.v1.WorkflowService',
    });
    if (health.status !== 1) return undefined;
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } finally {
    await connection.close();
  }
}

function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}
