/** Makes a Temporal namespace ready for Gatehouse: the namespace itself, and our search attributes in it. */
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';

/** Longer than any gate's usual wait is not needed: the ledger keeps what counts, for ever. */
export const RETENTION_DAYS = 30;

/** The namespace could not be made ready. The message says what to do. */
export class BootstrapError extends Error {
  override readonly name = 'BootstrapError';
}

export interface BootstrapOptions {
  readonly namespace: string;
  /** How long the server keeps the history of ended runs, in days; used only for a namespace that is created. */
  readonly retentionDays: number;
}

/** What was done; empty and false when all was there. */
export interface BootstrapResult {
  readonly namespaceCreated: boolean;
  readonly searchAttributesAdded: readonly string[];
}

const MS_PER_DAY = 86_400_000;
/** Number of the type Keyword in the API's enum `IndexedValueType` (temporal/api/enums/v1/common.proto). */
const KEYWORD = 2;
const GRPC = { notFound: 5, alreadyExists: 6, permissionDenied: 7 } as const;
/** Servers read namespaces and search attributes from a cache that they refresh every 10 s at most; twice that, and some. */
const VISIBLE_TIMEOUT_MS = 30_000;
const VISIBLE_POLL_MS = 100;

/**
 * Makes the namespace if it is missing, adds our search attributes if they are missing, and returns when both can be
 * used. Run it as often as you like.
 * @throws BootstrapError when an attribute of our name has another type, or we may not change the namespace
 */
export async function bootstrapNamespace(
  connection: Connection,
  o: BootstrapOptions,
): Promise<BootstrapResult> {
  const namespaceCreated = await ensureNamespace(connection, o);
  const searchAttributesAdded = await ensureSearchAttributes(connection, o.namespace);
  if (namespaceCreated || searchAttributesAdded.length > 0) await untilUsable(connection, o.namespace);
  return { namespaceCreated, searchAttributesAdded };
}

async function ensureNamespace(connection: Connection, o: BootstrapOptions): Promise<boolean> {
  try {
    await connection.workflowService.describeNamespace({ namespace: o.namespace });
    return false;
  } catch (error) {
    if (!hasCode(error, GRPC.notFound)) throw explain(error, o.namespace);
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace: o.namespace,
      description: 'Gatehouse: workflows with human approval',
      workflowExecutionRetentionPeriod: msToTs(o.retentionDays * MS_PER_DAY),
    });
    await until(() => connection.workflowService.describeNamespace({ namespace: o.namespace }));
    return true;
  } catch (error) {
    if (hasCode(error, GRPC.alreadyExists)) return false;
    throw explain(error, o.namespace);
  }
}

async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const there = await until(() => connection.operatorService.listSearchAttributes({ namespace }));
  const missing: string[] = [];
  for (const { name } of Object.values(SEARCH_ATTRIBUTES)) {
    const type = there.customAttributes[name];
    if (type === undefined) missing.push(name);
    else if (type !== KEYWORD) {
      throw new BootstrapError(
        `Search attribute ${name} of namespace ${namespace} exists with another type than Keyword. Remove it (temporal operator search-attribute remove --name ${name}) or choose another namespace.`,
      );
    }
  }
  if (missing.length === 0) return missing;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    // Another process was faster: what counts is that they are there, which `untilUsable` sees.
    if (!hasCode(error, GRPC.alreadyExists)) throw explain(error, namespace);
  }
  return missing;
}

/** A list that names all our attributes is refused until every part of the server knows them. */
async function untilUsable(connection: Connection, namespace: string): Promise<void> {
  const query = Object.values(SEARCH_ATTRIBUTES)
    .map(({ name }) => `${name} = 'x'`)
    .join(' AND ');
  await until(() => connection.workflowService.countWorkflowExecutions({ namespace, query }));
}

async function until<T>(call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + VISIBLE_TIMEOUT_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (hasCode(error, GRPC.permissionDenied) || Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, VISIBLE_POLL_MS));
  }
}

function hasCode(error: unknown, code: number): boolean {
  return isGrpcServiceError(error) && Number(error.code) === code;
}

function explain(error: unknown, namespace: string): unknown {
  if (!hasCode(error, GRPC.permissionDenied)) return error;
  return new BootstrapError(
    `No right to create or change namespace ${namespace}. On Temporal Cloud, create it and its search attributes (${Object.values(
      SEARCH_ATTRIBUTES,
    )
      .map((a) => `${a.name} as Keyword`)
      .join(', ')}) there; elsewhere use credentials of an administrator.`,
  );
}
