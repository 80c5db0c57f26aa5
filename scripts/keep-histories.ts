/**
 * `tsx scripts/keep-histories.ts RELEASE`: records the histories of a release into test/replay/histories. Run it once when a
 * release is made and commit what it wrote; histories of earlier releases stay as they are.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { postgresServer } from '../sandbox/stack/postgres.js';
import { temporalServer } from '../sandbox/stack/temporal.js';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { workflowBundleCode } from '../src/worker/bundle.js';
import { freshLedger } from '../test/ledger/fresh-ledger.js';
import { KEPT_NAMESPACE, keptDataConverter } from '../test/replay/kept-codec.js';
import { keepHistory } from '../test/replay/kept-history.js';
import { recordPromotionHistories } from '../test/replay/promotion-scenarios.js';
import { recordHistories } from '../test/replay/scenarios.js';
import { Engine } from '../test/workflows/engine.js';

/** Histories name who did what: no process or host of the machine that recorded them. */
const IDENTITY = 'recorder';

/** Stack traces hold paths of this machine. */
const NO_STACKS = 'Error.stackTraceLimit = 0';
Error.stackTraceLimit = 0;

const release = process.argv[2];
if (release === undefined || !/^\d+\.\d+\.\d+$/.test(release)) {
  throw new Error('Name the release: tsx scripts/keep-histories.ts 1.2.3');
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const postgres = await postgresServer({ own: true });
const temporal = await temporalServer({ own: true });
const { address } = temporal;
const connection = await Connection.connect({ address });
const workerConnection = await NativeConnection.connect({ address });
try {
  const ledger = await freshLedger(await postgres.createDatabase('histories'));
  const dataConverter = keptDataConverter();
  const engine = await Engine.start({
    client: new Client({ connection, namespace: KEPT_NAMESPACE, dataConverter, identity: IDENTITY }),
    connection: workerConnection,
    namespace: KEPT_NAMESPACE,
    dataConverter,
    workflowBundle: { code: `${NO_STACKS};\n${await workflowBundleCode()}` },
    ledger,
    identity: IDENTITY,
  });
  const histories = await recordHistories(engine);
  for (const kept of histories) {
    keepHistory(release, kept);
    console.log(`${release}-${kept.name}: ${kept.history.events?.length ?? 0} events`);
  }
  await engine.close();
  await ledger.close();
  const folder = await temporaryFolder('histories');
  const bundle = join(folder.path, 'workflows.js');
  await writeFile(bundle, `${NO_STACKS};\n${await workflowBundleCode()}`);
  for (const kept of await recordPromotionHistories(bundle)) {
    keepHistory(release, kept);
    console.log(`${release}-${kept.name}: ${kept.history.events?.length ?? 0} events`);
  }
  await folder.remove();
} finally {
  await workerConnection.close();
  await connection.close();
  await temporal.dispose();
  await postgres.dispose();
}
