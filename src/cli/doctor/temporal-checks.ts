/** Temporal: it answers, the namespace is there, and so are our search attributes. */
import { Connection } from '@temporalio/client';
import type { TemporalConfig } from '../../config/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.js';
import { CliError } from '../cli-error.js';
import { type Finding, find } from './finding.js';

const CONNECT_MS = 5_000;
const SET_UP = 'gatehouse setup-temporal';

export async function temporalChecks(
  options: TemporalConfig['connectionOptions'],
  namespace: string,
): Promise<readonly Finding[]> {
  let connection: Connection | undefined;
  const answers = await find('temporal', 'answers', async () => {
    connection = await connect(options);
    return options.address ?? '';
  });
  if (connection === undefined) return [answers];
  const { workflowService, operatorService } = connection;
  try {
    return [
      answers,
      await find('temporal', 'namespace', async () => {
        await workflowService.describeNamespace({ namespace }).catch(() => {
          throw new CliError(`There is no namespace ${namespace}, or it may not be seen.`, SET_UP);
        });
        return namespace;
      }),
      await find('temporal', 'search attributes', async () => {
        const { customAttributes } = await operatorService.listSearchAttributes({ namespace }).catch(() => {
          throw new CliError('They cannot be read.', SET_UP);
        });
        const wanted = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);
        const missing = wanted.filter((name) => customAttributes[name] === undefined);
        if (missing.length > 0) throw new CliError(`${missing.join(', ')} missing in ${namespace}.`, SET_UP);
        return wanted.join(', ');
      }),
    ];
  } finally {
    await connection.close();
  }
}

async function connect(options: TemporalConfig['connectionOptions']): Promise<Connection> {
  try {
    return await Connection.connect({ ...options, connectTimeout: CONNECT_MS });
  } catch {
    throw new CliError(
      `Temporal does not answer at ${options.address}.`,
      'Check TEMPORAL_ADDRESS, the network, and for TLS the certificates (TEMPORAL_TLS_…).',
    );
  }
}
