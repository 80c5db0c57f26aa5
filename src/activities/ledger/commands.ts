/** Operators' commands as the ledger holds them. Anybody with access to the namespace can send an update. */
import { entriesOfType } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { CommandRef } from '../contracts.js';

/**
 * Whether somebody gave this very command through the API, which appends it before it sends the update. A revoked request
 * is cancelled by the revocation.
 */
export async function confirmCommand(
  ledger: WorkerLedger,
  input: CommandRef,
): Promise<{ readonly confirmed: boolean }> {
  const entries = await ledger.entriesOf(input.requestId);
  const isRevoked = entriesOfType(entries, 'request.revoked').length > 0;
  const confirmed =
    (isRevoked && input.command === 'cancel') ||
    entriesOfType(entries, 'command.given').some(
      ({ body }) =>
        body.commandId === input.commandId &&
        body.command === input.command &&
        body.targets.length === input.targets.length &&
        body.targets.every((target, index) => target === input.targets[index]),
    );
  if (!confirmed) {
    await ledger.raiseAlarm(input.requestId, {
      alarm: 'command-not-in-ledger',
      detail: `a message asked for ${input.command}, which nobody gave through the API; it was dropped`,
      count: 1,
    });
  }
  return { confirmed };
}
