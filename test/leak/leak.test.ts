import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LeakRun } from '../../bench/leak/leak-run.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgWorkerLedger } from '../../src/ledger/pg-worker.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { KEY_FILES } from '../../src/security/key-generation.js';
import { workflowBundle } from '../support/stack.js';

/** Kinds of places; a run that did not look into one of them has proved nothing about it. */
const PLACES = [
  'temporal histories, as stored',
  'temporal histories, decoded',
  'temporal database temporal.db',
  'postgres gatehouse.entry',
  'postgres gatehouse.outbox',
  'log api.log',
  'log worker-1.log',
  'log temporal.log',
  'log postgres.log',
  'git platform/clusters',
  'answer of GET /v1/requests/:id',
  'answer of GET /v1/requests/:id/bundle',
  'answer of GET /v1/requests/:id/events',
  'answer of GET /metrics',
  'metrics of the worker',
  'mails',
  'webhooks',
];

describe('no secret leaves the places where it belongs', () => {
  let run: LeakRun;

  beforeAll(async () => {
    run = await LeakRun.start({ clusters: 2, workflowBundle: (await workflowBundle()).codePath });
    await run.onboard();
  });

  afterAll(() => run.dispose());

  it('after two clusters, every kind of trouble, failures and retries: nothing is found', async () => {
    // errors leak most: the run must have met refusals that repeat the request, and a secret that is deleted
    expect(run.failures.some((failure) => failure.includes('answered 401'))).toBe(true);
    expect(run.failures.some((failure) => failure.includes('answered 403'))).toBe(true);
    expect(run.failures.some((failure) => failure.includes('deleted but recoverable'))).toBe(true);
    const { leaks, canaries, sinks } = await run.search();
    expect(sinks.filter(({ bytes }) => bytes.length > 0).map(({ name }) => name)).toEqual(
      expect.arrayContaining(PLACES),
    );
    expect(canaries.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['client secret of harbour-01-dev', 'client id of harbour-02-stg']),
    );
    expect(leaks).toEqual([]);
  });

  it('is noticed when one is planted: in Git, a log, the ledger, a workflow in clear, a workflow encrypted', async () => {
    const { canaries } = await run.search();
    const value = canaries.find(({ name }) => name === 'client secret of harbour-01-dev')?.value ?? '';
    await plantInGit(run, Buffer.from(`no: ${value}\n`).toString('base64'));
    appendFileSync(join(run.stack.folder, 'logs', 'worker-1.log'), `${Buffer.from(value).toString('hex')}\n`);
    await plantInLedger(run, value);
    await plantInTemporal(run, value);

    const { leaks } = await run.search();
    const found = new Set(leaks.map(({ canary, sink, spelling }) => `${canary}: ${spelling} in ${sink}`));
    const canary = 'client secret of harbour-01-dev';
    expect([...found]).toEqual(
      expect.arrayContaining([
        `${canary}: base64 in git platform/fleets`,
        `${canary}: hex in log worker-1.log`,
        `${canary}: raw in postgres gatehouse.entry`,
        `${canary}: raw in temporal histories, as stored`,
        'client id of harbour-01-dev: raw in temporal histories, decoded',
      ]),
    );
    expect(found).not.toContain('client id of harbour-01-dev: raw in temporal histories, as stored');
  });
});

async function plantInGit(run: LeakRun, content: string): Promise<void> {
  await run.control('gitlab').post('/commit', { project: 'platform/fleets', path: 'notes.txt', content });
}

async function plantInLedger(run: LeakRun, secret: string): Promise<void> {
  const database = new LedgerDatabase({
    connectionString: run.stack.ledgerUrl('worker'),
    applicationName: 'leak-test',
  });
  const alarm = { alarm: 'effect-refused', detail: `refused: ${secret}`, count: 1 } as const;
  await new PgWorkerLedger(database).raiseAlarm(null, alarm);
  await database.close();
}

/** The secret in clear, as a client without the codec would send it; the client id as one with the codec would. */
async function plantInTemporal(run: LeakRun, secret: string): Promise<void> {
  const { stack } = run;
  const { canaries } = await run.search();
  const clientId = canaries.find(({ name }) => name === 'client id of harbour-01-dev')?.value;
  const keys = CodecKeys.parse(
    readFileSync(join(stack.installation.folder, 'keys', KEY_FILES.codec), 'utf8'),
  );
  const connection = await Connection.connect({ address: stack.temporal.address });
  const { namespace } = stack;
  const clear = new Client({ connection, namespace });
  const coded = new Client({
    connection,
    namespace,
    dataConverter: createDataConverter({ keys, namespace }),
  });
  const nowhere = { taskQueue: 'served-by-nobody' };
  await clear.workflow.start('planted', { ...nowhere, workflowId: 'planted-clear', args: [secret] });
  await coded.workflow.start('planted', { ...nowhere, workflowId: 'planted-coded', args: [clientId] });
  await connection.close();
}
