/**
 * The whole of Gatehouse in the sandbox: Temporal, Postgres, stand-ins, API and workers as processes of their own, wired by
 * an installation that is made at run time. Used by the demo, the end-to-end tests and the benches.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { bootstrapNamespace } from '../../src/config/temporal-namespace.js';
import { migrate } from '../../src/ledger/migrate.js';
import { type LedgerRole, type RolePasswords, roleUrl, setUpRoles } from '../../src/ledger/roles.js';
import { STAND_INS } from '../registry.js';
import { makeWorld, type World } from '../world.js';
import { type InstallationOptions, type WrittenInstallation, writeInstallation } from './installation.js';
import { freePort } from './ports.js';
import { type PostgresServer, postgresOfOthers, postgresServer } from './postgres.js';
import { answersOk, jsonFile, jsonLine, type RunningProcess, startTypeScript } from './processes.js';
import { type TemporalServer, temporalServer } from './temporal.js';
import { startTemporalUi, temporalUiBinary } from './temporal-ui.js';
import { temporaryFolder } from './temporary-folder.js';

/** Retention of the sandbox's namespaces, in days. */
const RETENTION_DAYS = 30;
/** A worker that is told to stop takes up to 25 s for what it has in hand (src/worker/tuning.ts), on a busy machine more. */
const WORKER_STOP_MS = 45_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface GatehouseOptions {
  readonly world?: World;
  readonly clusters?: number;
  /** a folder to keep; default: a temporary one, removed at the end */
  readonly folder?: string;
  /** a Temporal server to share; default: one of its own */
  readonly temporal?: { readonly address: string };
  /** an empty database on a Postgres server to share, and the passwords that the roles have there; default: a server of its own */
  readonly ledger?: { readonly databaseUrl: string; readonly passwords: RolePasswords };
  readonly temporalUi?: boolean;
  readonly namespace?: string;
  /** path of a workflow bundle made before, so that every worker starts fast */
  readonly workflowBundle?: string;
  readonly installation?: Partial<Omit<InstallationOptions, 'world' | 'addresses' | 'folder' | 'publicUrl'>>;
  readonly apiPort?: number;
  /** which parts to start; default all */
  readonly without?: readonly ('api' | 'worker')[];
  readonly env?: Readonly<Record<string, string>>;
  /** told of every step, e.g. to show progress */
  readonly onStep?: (step: string) => void;
}

export interface WorkerOptions {
  readonly queues?: readonly string[];
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Running parts by name; each can be stopped, killed and started again. */
export class GatehouseStack {
  readonly folder: string;
  readonly world: World;
  readonly temporal: {
    readonly address: string;
    readonly uiUrl?: string | undefined;
    readonly server?: TemporalServer;
  };
  readonly namespace: string;
  readonly postgres: PostgresServer;
  readonly databaseUrl: string;
  readonly passwords: RolePasswords;
  readonly addresses: Readonly<Record<string, string>>;
  readonly installation: WrittenInstallation;
  readonly apiUrl: string;
  readonly workers: RunningProcess<unknown>[] = [];
  api: RunningProcess<unknown> | undefined;
  sandbox: RunningProcess<unknown>;
  private readonly options: GatehouseOptions;
  private readonly disposers: (() => Promise<unknown>)[];

  constructor(parts: {
    folder: string;
    world: World;
    temporal: GatehouseStack['temporal'];
    namespace: string;
    postgres: PostgresServer;
    databaseUrl: string;
    passwords: RolePasswords;
    addresses: Readonly<Record<string, string>>;
    installation: WrittenInstallation;
    apiUrl: string;
    sandbox: RunningProcess<unknown>;
    options: GatehouseOptions;
    disposers: (() => Promise<unknown>)[];
  }) {
    this.folder = parts.folder;
    this.world = parts.world;
    this.temporal = parts.temporal;
    this.namespace = parts.namespace;
    this.postgres = parts.postgres;
    this.databaseUrl = parts.databaseUrl;
    this.passwords = parts.passwords;
    this.addresses = parts.addresses;
    this.installation = parts.installation;
    this.apiUrl = parts.apiUrl;
    this.sandbox = parts.sandbox;
    this.options = parts.options;
    this.disposers = parts.disposers;
  }

  /** Address of a stand-in, e.g. `otterize`. */
  address(name: string): string {
    const address = this.addresses[name];
    if (address === undefined) throw new Error(`no stand-in called ${name} is running`);
    return address;
  }

  ledgerUrl(role: LedgerRole): string {
    return roleUrl(this.databaseUrl, role, this.passwords);
  }

  /** Environment of a process of Gatehouse; `PATH` and `HOME` are kept, nothing else of ours leaks in. */
  environment(role: LedgerRole, more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { PATH = '', HOME = '' } = process.env;
    return {
      PATH,
      HOME,
      GATEHOUSE_INSTALLATION: this.installation.file,
      GATEHOUSE_LEDGER_URL: this.ledgerUrl(role),
      TEMPORAL_ADDRESS: this.temporal.address,
      TEMPORAL_NAMESPACE: this.namespace,
      ...(this.addresses.caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: this.addresses.caFile }),
      ...this.options.env,
      ...more,
    };
  }

  async startWorker(options: WorkerOptions = {}): Promise<RunningProcess<unknown>> {
    const name = options.name ?? `worker-${this.workers.length + 1}`;
    const worker = await startTypeScript({
      name,
      entry: join(ROOT, 'src/worker/main.ts'),
      cwd: ROOT,
      env: this.environment('worker', {
        ...(this.options.workflowBundle === undefined
          ? {}
          : { GATEHOUSE_WORKFLOW_BUNDLE: this.options.workflowBundle }),
        ...(options.queues === undefined ? {} : { GATEHOUSE_QUEUES: options.queues.join(',') }),
        ...options.env,
      }),
      logFile: join(this.folder, 'logs', `${name}.log`),
      ready: jsonLine((line) => (line.ready === 'worker' ? line : undefined)),
      readyTimeoutMs: 120_000,
      stopTimeoutMs: WORKER_STOP_MS,
    });
    this.workers.push(worker);
    return worker;
  }

  async startApi(): Promise<RunningProcess<unknown>> {
    const { host } = new URL(this.apiUrl);
    this.api = await startTypeScript({
      name: 'api',
      entry: join(ROOT, 'src/api/server.ts'),
      cwd: ROOT,
      env: this.environment('api', { GATEHOUSE_LISTEN: host }),
      logFile: join(this.folder, 'logs', 'api.log'),
      ready: answersOk(`${this.apiUrl}/readyz`),
      readyTimeoutMs: 60_000,
    });
    return this.api;
  }

  /** Starts the stand-ins again after they were ended or killed: on the same ports, with what they had on disk. */
  async restartStandIns(): Promise<void> {
    const ports = Object.fromEntries(
      Object.keys(STAND_INS).map((name) => [name, Number(new URL(this.address(name)).port)]),
    );
    const { sandbox } = await startStandIns(this.folder, this.world, ports);
    this.sandbox = sandbox;
    this.disposers.push(() => sandbox.stop());
  }

  /** Ends everything that was started, in order; folders that were not given are removed. */
  async dispose(): Promise<void> {
    await Promise.allSettled([...this.workers.map((worker) => worker.stop()), this.api?.stop()]);
    for (const dispose of [...this.disposers].reverse()) await dispose();
  }
}

/** Starts everything; what was started is ended again when a part fails. */
export async function startGatehouse(options: GatehouseOptions = {}): Promise<GatehouseStack> {
  const disposers: (() => Promise<unknown>)[] = [];
  const step = options.onStep ?? (() => undefined);
  try {
    const folder = options.folder ?? (await temporaryFolderOf(disposers));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const world = options.world ?? makeWorld({ clusters: options.clusters ?? 25 });
    const apiPort = options.apiPort ?? (await freePort());
    const publicUrl = `http://127.0.0.1:${apiPort}`;
    const namespace = options.namespace ?? 'default';

    step('Postgres');
    const { postgres, databaseUrl, passwords } = await ledgerOf(options, folder, disposers);
    await setUpRoles(databaseUrl, passwords);
    await migrate(roleUrl(databaseUrl, 'owner', passwords));

    step('Temporal');
    const temporal = await temporalOf(options, folder, publicUrl, disposers);
    const connection = await Connection.connect({ address: temporal.address });
    await bootstrapNamespace(connection, { namespace, retentionDays: RETENTION_DAYS });
    await connection.close();

    step('stand-ins');
    const { sandbox, addresses } = await startStandIns(folder, world);
    disposers.push(() => sandbox.stop());
    const installation = await writeInstallation({
      ...options.installation,
      world,
      addresses,
      folder: join(folder, 'installation'),
      publicUrl,
      temporalUiOrigin: temporal.uiUrl,
    });
    const stack = new GatehouseStack({
      folder,
      world,
      temporal,
      namespace,
      postgres,
      databaseUrl,
      passwords,
      addresses,
      installation,
      apiUrl: publicUrl,
      sandbox,
      options,
      disposers,
    });
    const without = options.without ?? [];
    step('API and worker');
    await Promise.all([
      without.includes('api') ? undefined : stack.startApi(),
      without.includes('worker') ? undefined : stack.startWorker(),
    ]);
    return stack;
  } catch (error) {
    for (const dispose of [...disposers].reverse()) await dispose().catch(() => undefined);
    throw error;
  }
}

/** Starts the stand-ins again on the same ports and state, e.g. after a kill. */
export async function startStandIns(
  folder: string,
  world: World,
  ports?: Readonly<Record<string, number>>,
): Promise<{ sandbox: RunningProcess<unknown>; addresses: Readonly<Record<string, string>> }> {
  const worldFile = join(folder, 'world.json');
  writeFileSync(worldFile, JSON.stringify(world), { mode: 0o600 });
  const portFile = join(folder, 'stand-ins.json');
  // one of an earlier start would look as if all were up already
  rmSync(portFile, { force: true });
  const sandbox = await startTypeScript({
    name: 'stand-ins',
    entry: join(ROOT, 'sandbox/main.ts'),
    args: [
      ...['--state', join(folder, 'stand-ins'), '--world', worldFile, '--port-file', portFile],
      ...(ports === undefined ? [] : ['--ports', JSON.stringify(ports)]),
    ],
    cwd: ROOT,
    logFile: join(folder, 'logs', 'stand-ins.log'),
    ready: jsonFile(portFile),
  });
  const addresses = Object.fromEntries(
    Object.entries(sandbox.found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  return { sandbox, addresses };
}

async function ledgerOf(
  options: GatehouseOptions,
  folder: string,
  disposers: (() => Promise<unknown>)[],
): Promise<Pick<GatehouseStack, 'postgres' | 'databaseUrl' | 'passwords'>> {
  if (options.ledger !== undefined) {
    return { ...options.ledger, postgres: postgresOfOthers(options.ledger.databaseUrl) };
  }
  // a folder of ours is closed to the user that Postgres runs as when root starts it: it gets one that is removed too
  const kept = options.folder === undefined ? {} : { folder: join(folder, 'postgres') };
  const postgres = await postgresServer({ own: true, ...kept });
  disposers.push(() => postgres.dispose());
  return { postgres, databaseUrl: await postgres.createDatabase('gatehouse'), passwords: makePasswords() };
}

async function temporalOf(
  options: GatehouseOptions,
  folder: string,
  publicUrl: string,
  disposers: (() => Promise<unknown>)[],
): Promise<GatehouseStack['temporal']> {
  if (options.temporal !== undefined) return options.temporal;
  const ui = options.temporalUi === true ? await temporalUiBinary() : undefined;
  const server = await temporalServer({
    folder: join(folder, 'temporal'),
    ...(options.temporalUi === true && ui === undefined ? { ui: true } : {}),
  });
  disposers.push(() => server.dispose());
  if (ui === undefined) return { address: server.address, uiUrl: server.uiUrl, server };
  const port = await freePort();
  const page = await startTemporalUi({
    ...{ binary: ui, folder: join(folder, 'temporal-ui'), port, temporalAddress: server.address },
    ...{ namespace: options.namespace ?? 'default', gatehouseUrl: publicUrl },
  });
  disposers.push(() => page.stop());
  return { address: server.address, uiUrl: `http://127.0.0.1:${port}`, server };
}

async function temporaryFolderOf(disposers: (() => Promise<unknown>)[]): Promise<string> {
  const folder = await temporaryFolder('stack');
  disposers.push(() => folder.remove());
  return folder.path;
}

function makePasswords(): RolePasswords {
  const password = (): string => randomBytes(24).toString('base64url');
  return { owner: password(), api: password(), worker: password(), auditor: password() };
}
