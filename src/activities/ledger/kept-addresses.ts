import { addressesIn } from '../../domain/personal-text.js';
import type { PersonalRef } from '../../domain/request.js';
import type { PersonalWriter } from '../../ledger/ports.js';

/**
 * Keeps the mail addresses that stand in texts in the erasable table.
 * @returns references by address; the same address has the same reference each time
 * @throws LedgerUnavailable
 */
export async function keepAddresses(
  ledger: PersonalWriter,
  requestId: string,
  texts: readonly string[],
): Promise<ReadonlyMap<string, PersonalRef>> {
  const addresses = addressesIn(texts);
  if (addresses.length === 0) return new Map();
  const refs = await ledger.keepPersonal(requestId, addresses);
  return new Map(addresses.map((address, index) => [address, refs[index] ?? address]));
}
