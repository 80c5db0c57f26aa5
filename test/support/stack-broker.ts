import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { type PostgresServer, postgresServer } from '../../sandbox/stack/postgres.js';
import { type TemporalServer, temporalServer } from '../../sandbox/stack/temporal.js';
import { temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { bootstrapNamespace } from '../../src/config/temporal-namespace.js';
import { passwordsOfRoles } from './role-passwords.js';

/** Namespace of all tests: an existing server may hold other people's work. */
export const TEST_NAMESPACE = 'gatehouse-test';

/** What was started in this run, for the summary: one line for each, or that no test asked for it. */
export interface StackFacts {
  readonly temporal: string | undefined;
  readonly postgres: string | undefined;
}

/** Starts what tests ask for, when the first of them asks, once for the whole run; tests ask over HTTP on loopback. */
export interface StackBroker {
  readonly url: string;
  facts(): StackFacts;
  dispose(): Promise<void>;
}

/** Opens a broker. Nothing else is started yet. */
export async function openStackBroker(): Promise<StackBroker> {
  const folder = await temporaryFolder('test-run');
  const facts: { temporal: string | undefined; postgres: string | undefined } = {
    temporal: undefined,
    postgres: undefined,
  };
  let temporal: Promise<TemporalServer> | undefined;
  let postgres: Promise<PostgresServer> | undefined;
  let template: Promise<string> | undefined;
  let bundle: Promise<string> | undefined;

  const routes: Record<string, () => Promise<unknown>> = {
    '/temporal': async () => {
      temporal ??= startTemporal();
      const server = await temporal;
      facts.temporal = server.description;
      return { address: server.address, namespace: TEST_NAMESPACE };
    },
    '/database': async () => {
      postgres ??= postgresServer();
      const server = await postgres;
      facts.postgres = server.description;
      return { url: await server.createDatabase('test') };
    },
    '/ledger': async () => {
      postgres ??= postgresServer();
      const server = await postgres;
      facts.postgres = server.description;
      template ??= makeTemplate(server);
      return { url: await server.createDatabase('test', await template) };
    },
    '/bundle': async () => {
      bundle ??= makeBundle(join(folder.path, 'workflows.js'));
      return { codePath: await bundle };
    },
  };

  const server = createServer((request, response) => {
    const route = routes[request.url ?? ''];
    const answer = route?.() ?? Promise.reject(new Error(`The stack broker knows no ${request.url}`));
    answer.then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof Error ? error.message : String(error));
      },
    );
  });
  // Building Temporal may take longer than any default of HTTP.
  server.requestTimeout = 0;
  return {
    url: await listen(server),
    facts: () => ({ ...facts }),
    async dispose() {
      server.closeAllConnections();
      server.close();
      await (await temporal?.catch(() => undefined))?.dispose();
      await (await postgres?.catch(() => undefined))?.dispose();
      await folder.remove();
    },
  };
}

async function startTemporal(): Promise<TemporalServer> {
  const server = await temporalServer({ namespaces: [TEST_NAMESPACE] });
  const connection = await Connection.connect({ address: server.address });
  await bootstrapNamespace(connection, { namespace: TEST_NAMESPACE, retentionDays: 1 });
  await connection.close();
  return server;
}

/** An empty ledger, migrated once in this run, to be copied. */
async function makeTemplate(server: PostgresServer): Promise<string> {
  const { migrate } = await import('../../src/ledger/migrate.js');
  const { roleUrl, setUpRoles } = await import('../../src/ledger/roles.js');
  const url = await server.createDatabase('template');
  const passwords = passwordsOfRoles(url);
  await setUpRoles(url, passwords);
  await migrate(roleUrl(url, 'owner', passwords));
  return url;
}

async function makeBundle(codePath: string): Promise<string> {
  const { workflowBundleCode } = await import('../../src/worker/bundle.js');
  await writeFile(codePath, await workflowBundleCode());
  return codePath;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('The stack broker has no port'));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
