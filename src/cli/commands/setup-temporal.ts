/** `gatehouse setup-temporal`: makes the namespace and our search attributes ready. */
import { bootstrapNamespace, RETENTION_DAYS } from '../../config/temporal-namespace.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { atTemporal } from '../temporal-connection.js';

/** @param retentionDays of a namespace that is created; one that exists keeps its own */
export async function setUpTemporal(
  { output }: Session,
  retentionDays: number = RETENTION_DAYS,
): Promise<ExitCode> {
  return await atTemporal(async (connection, namespace) => {
    const done = await bootstrapNamespace(connection, { namespace, retentionDays });
    output.result({ namespace, ...done }, () => [
      `Namespace ${namespace} ${done.namespaceCreated ? 'created' : 'is there'}.`,
      done.searchAttributesAdded.length === 0
        ? 'Search attributes are there.'
        : `Search attributes added: ${done.searchAttributesAdded.join(', ')}.`,
    ]);
    return EXIT.done;
  });
}
