/** The whole of Gatehouse for a bench, with the example people's API and the stand-ins' control routes. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseOptions, type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgEntryReader } from '../../src/ledger/pg-entries.js';
import { workflowBundleCode } from '../../src/worker/bundle.js';

/** Stand-ins that a bench may slow down; all but the sign-in of people. */
export const SYSTEMS = [
  'otterize',
  'directory',
  'key-vault',
  'gitlab',
  'kubernetes',
  'tickets',
  'mail',
] as const;
export type System = (typeof SYSTEMS)[number];

export interface BenchStack {
  readonly stack: GatehouseStack;
  readonly api: ExampleApi;
  readonly ledger: PgEntryReader;
  /** reads one value, e.g. a count, as auditors may */
  readonly database: LedgerDatabase;
  control(system: System): ControlClient;
  dispose(): Promise<void>;
}

/** Progress of a bench goes to standard error: the last line of standard output is the figures. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Size and load of this machine, in words, to be read with the figures. */
export function machine(): string {
  const [one = 0, five = 0] = loadavg();
  return `${cpus().length} x ${cpus()[0]?.model ?? 'processor'}, load ${one.toFixed(1)} now, ${five.toFixed(1)} over five minutes`;
}

/** Starts everything with one worker; the workflow bundle is made once. */
export async function startBenchStack(options: GatehouseOptions): Promise<BenchStack> {
  const folder = await temporaryFolder('bench');
  const workflowBundle = join(folder.path, 'workflows.js');
  await writeFile(workflowBundle, await workflowBundleCode());
  const stack = await startGatehouse({
    ...options,
    workflowBundle,
    onStep: (step) => say(`starting ${step}`),
  });
  const database = new LedgerDatabase({
    connectionString: stack.ledgerUrl('auditor'),
    applicationName: 'gatehouse-bench',
  });
  const ca = stack.addresses.caFile === undefined ? undefined : readFileSync(stack.addresses.caFile, 'utf8');
  return {
    stack,
    api: new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world),
    ledger: new PgEntryReader(database),
    database,
    control: (system) => new ControlClient(stack.address(system), ca),
    async dispose() {
      await database.close();
      await stack.dispose();
      await folder.remove();
    },
  };
}
