/**
 * Makes the namespace and the search attributes ready and ends: a job before the first start and before each new version.
 * The connection comes from Temporal's standard variables.
 */
import { Connection } from '@temporalio/client';
import { temporalConfig } from '../config/temporal.js';
import { bootstrapNamespace, RETENTION_DAYS } from '../config/temporal-namespace.js';

const { connection: options, namespace } = temporalConfig();
const connection = await Connection.connect(options);
try {
  const { namespaceCreated, searchAttributesAdded } = await bootstrapNamespace(connection, {
    namespace,
    retentionDays: RETENTION_DAYS,
  });
  const attributes =
    searchAttributesAdded.length === 0 ? 'none added' : `added ${searchAttributesAdded.join(', ')}`;
  console.log(
    `Namespace ${namespace}: ${namespaceCreated ? 'created' : 'there'}; search attributes: ${attributes}`,
  );
} finally {
  await connection.close();
}
