/** A newer release takes the place of one that is open: the open one is cancelled in the name of who asked for the newer. */
import { entriesOfType, type RequestRecord } from '../record.js';
import { isRollingBack, mergedPlaces } from './progress.js';

const PREFIX = 'superseded.';

/** The id of the command that cancels a request for a newer one: it names the newer one. */
export function supersedingCommandId(requestId: string): string {
  return `${PREFIX}${requestId}`;
}

/** True for ids that only superseding gives: nobody else may make a cancellation look like one. */
export function isSupersedingId(commandId: string): boolean {
  return commandId.startsWith(PREFIX);
}

/** The request that took the place of this one; undefined when none did. */
export function supersededBy(record: RequestRecord): string | undefined {
  const given = entriesOfType(record.entries, 'command.given').find(
    ({ body }) => body.command === 'cancel' && isSupersedingId(body.commandId),
  );
  return given?.body.commandId.slice(PREFIX.length);
}

/**
 * Why an open promotion cannot give way to another release now; undefined when it can. What is merged must be proven or
 * taken back first, or nobody would know what runs.
 */
export function whyNotSuperseded(record: RequestRecord): string | undefined {
  if (record.request.kind !== 'Promotion') return 'it is no promotion';
  if (record.request.content.rules.whileOpen !== 'latest-wins') {
    return `its path lets no newer release take its place (whileOpen: ${record.request.content.rules.whileOpen})`;
  }
  if (isRollingBack(record)) return 'it is being taken back';
  return mergedPlaces(record).length > 0 ? 'a part of it is merged already' : undefined;
}
