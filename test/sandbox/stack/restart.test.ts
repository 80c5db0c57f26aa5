import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { expect, test } from 'vitest';
import { postgresServer } from '../../../sandbox/stack/postgres.js';
import { temporalServer } from '../../../sandbox/stack/temporal.js';
import { reportSystem } from '../../support/report.js';

test('Postgres, killed and started again, has what was committed, on the same address', async () => {
  const server = await postgresServer({ own: true });
  reportSystem('postgres', 'real', server.description);
  try {
    const url = await server.createDatabase('restart');
    await query(url, 'CREATE TABLE kept (word text)');
    await query(url, "INSERT INTO kept VALUES ('committed')");
    await server.stop('SIGKILL');
    await expect(query(url, 'SELECT 1')).rejects.toThrow();
    await server.start();
    expect(await query(url, 'SELECT word FROM kept')).toEqual([{ word: 'committed' }]);
    await server.dropDatabase(url);
    await expect(query(url, 'SELECT 1')).rejects.toThrow(/does not exist/);
  } finally {
    await server.dispose();
  }
});

test('Temporal, killed and started again, has its workflows, on the same address', async () => {
  const server = await temporalServer({ own: true });
  reportSystem('temporal', 'real', server.description);
  try {
    await withClient(server.address, (client) =>
      client.workflow.start('anything', { taskQueue: 'nobody', workflowId: 'survivor' }),
    );
    await server.stop('SIGKILL');
    await server.start();
    const status = await withClient(server.address, (client) =>
      client.workflow.getHandle('survivor').describe(),
    );
    expect(status.status.name).toBe('RUNNING');
  } finally {
    await server.dispose();
  }
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
