/** The Temporal of the environment, for commands that set something up there. */
import { Connection } from '@temporalio/client';
import { temporalConfig } from '../config/temporal.js';
import { CliError } from './cli-error.js';

/**
 * Connects, does it, and closes the connection.
 * @throws CliError when Temporal does not answer; what `work` throws
 */
export async function atTemporal<T>(
  work: (connection: Connection, namespace: string) => Promise<T>,
): Promise<T> {
  const { connection: options, namespace } = temporalConfig();
  const connection = await Connection.connect(options).catch(() => {
    throw new CliError(
      `Temporal does not answer at ${options.address ?? 'localhost:7233'}.`,
      'Check TEMPORAL_ADDRESS, and for TLS the certificates (TEMPORAL_TLS_…).',
    );
  });
  try {
    return await work(connection, namespace);
  } finally {
    await connection.close();
  }
}
