/** Tells of the end of a request that had no run: it was taken out of the line before its turn came. */
import type { RequestInput } from '../../domain/messages.js';
import { activitiesFor } from '../activity-options.js';
import { isRequestInput, refuseInput } from '../inputs.js';

/** @param input the request by its id; whether it has ended, and how, is read from the ledger */
export async function endNotice(input: RequestInput): Promise<void> {
  if (!isRequestInput(input)) throw await refuseInput();
  const { requestId, timing } = input;
  await activitiesFor(timing).notifications.notifyRequest({ requestId, event: 'request-ended' });
}
