/** Temporal: it answers, the namespace and our search attributes are there, and workers serve every queue. */
import { Connection } from '@temporalio/client';
import type { TemporalConfig } from '../../config/temporal.js';
import { temporalFitness, type WorkPlace } from '../../config/temporal-fitness.js';
import { CliError } from '../cli-error.js';
import { type Finding, find } from './finding.js';

const CONNECT_MS = 5_000;

/** @param place its queues are none when the installation cannot be read */
export async function temporalChecks(
  options: TemporalConfig['connectionOptions'],
  place: WorkPlace,
): Promise<readonly Finding[]> {
  let connection: Connection | undefined;
  const answers = await find('temporal', 'answers', async () => {
    connection = await connect(options);
    return options.address ?? '';
  });
  if (connection === undefined) return [answers];
  try {
    const found = await temporalFitness(connection, place);
    return [
      answers,
      ...found.map(
        ({ subject, isFit, detail, remedy }): Finding => ({
          area: 'temporal',
          subject,
          state: isFit ? 'ok' : 'fault',
          detail,
          ...(remedy === undefined ? {} : { remedy }),
        }),
      ),
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
