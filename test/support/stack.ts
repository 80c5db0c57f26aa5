import { request } from 'node:http';
import { inject } from 'vitest';
import type { GatehouseOptions } from '../../sandbox/stack/gatehouse.js';
import { passwordsOfRoles } from './role-passwords.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the stack broker of this run. Tests use the functions of `test/support/stack.ts` instead. */
    stackBroker: string;
  }
}

/**
 * The one Temporal server of this run, started when the first test asks for it.
 * Use task queues and workflow ids of your own (`uniqueName`). A test that stops Temporal starts one for itself:
 * `temporalServer({ own: true })` of sandbox/stack.
 */
export async function sharedTemporal(): Promise<{ address: string; namespace: string }> {
  const answer = await ask('/temporal');
  return { address: text(answer, 'address'), namespace: text(answer, 'namespace') };
}

/** Connection URL of a new, empty database; its user is the superuser of this run's Postgres server. */
export async function freshDatabase(): Promise<string> {
  return text(await ask('/database'), 'url');
}

/** As `freshDatabase`, with the schema of the ledger; no role is let in yet. */
export async function emptyLedger(): Promise<string> {
  return text(await ask('/ledger'), 'url');
}

/** Path of the workflow bundle, made once in this run from src/workflows/index.ts. For `workflowBundle: { codePath }`. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  return { codePath: text(await ask('/bundle'), 'codePath') };
}

/**
 * What an installation shares with others of this run, for `startGatehouse`: Temporal with a namespace of its own, Postgres
 * with a ledger of its own, the bundle of workflows. A test that stops one of the servers starts its own.
 * @param name begins the name of the namespace
 */
export async function sharedParts(
  name: string,
): Promise<Required<Pick<GatehouseOptions, 'temporal' | 'namespace' | 'ledger' | 'workflowBundle'>>> {
  const [temporal, databaseUrl, { codePath }] = await Promise.all([
    sharedTemporal(),
    emptyLedger(),
    workflowBundle(),
  ]);
  return {
    temporal: { address: temporal.address },
    namespace: uniqueName(name),
    ledger: { databaseUrl, passwords: passwordsOfRoles(databaseUrl) },
    workflowBundle: codePath,
  };
}

/** `prefix` with a random end, for task queues and ids that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Not `fetch`: that gives up after five minutes, and building Temporal takes longer. */
function ask(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request(`${inject('stackBroker')}${path}`, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(body));
        else reject(new Error(body));
      });
    });
    call.on('error', reject);
    call.end();
  });
}

function text(answer: unknown, key: string): string {
  const value: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, key) : undefined;
  if (typeof value !== 'string') throw new Error(`The stack broker gave no ${key}`);
  return value;
}
