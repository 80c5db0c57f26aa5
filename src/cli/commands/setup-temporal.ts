/** `gatehouse setup-temporal`: makes the namespace and our search attributes ready. */
import { Connection } from '@temporalio/client';
import { temporalConfig } from '../../config/temporal.js';
import { bootstrapNamespace, RETENTION_DAYS } from '../../config/temporal-namespace.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** @param retentionDays of a namespace that is created; one that exists keeps its own */
export async function setUpTemporal(
  { output }: Session,
  retentionDays: number = RETENTION_DAYS,
): Promise<ExitCode> {
  const { connection: options, namespace } = temporalConfig();
  const connection = await Connection.connect(options).catch(() => {
    throw new CliError(
      `Temporal does not answer at ${options.address ?? 'localhost:7233'}.`,
      'Check TEMPORAL_ADDRESS, and for TLS the certificates (TEMPORAL_TLS_…).',
    );
  });
  try {
    const done = await bootstrapNamespace(connection, { namespace, retentionDays });
    output.result({ namespace, ...done }, () => [
      `Namespace ${namespace} ${done.namespaceCreated ? 'created' : 'is there'}.`,
      done.searchAttributesAdded.length === 0
        ? 'Search attributes are there.'
        : `Search attributes added: ${done.searchAttributesAdded.join(', ')}.`,
    ]);
    return EXIT.done;
  } finally {
    await connection.close();
  }
}
