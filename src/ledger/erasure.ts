/** Erasing personal values. The chain and every bundle stay as they are: they hold references only. */
import type { PersonalRef } from '../domain/request.js';
import { column, type LedgerDatabase } from './database.js';

/**
 * Removes values and salts of a request from the erasable table; references stay, as erased.
 * Copies in backups and in the database's write-ahead log live on until those are gone.
 * @param database connected as `gatehouse_owner`; no other login may erase
 * @param refs which ones; all of the request when not given
 * @returns number of values erased now
 */
export async function erasePersonal(
  database: LedgerDatabase,
  requestId: string,
  refs?: readonly PersonalRef[],
): Promise<number> {
  const rows = await database.query(
    'erase personal values',
    'select gatehouse.erase_personal($1, $2::text[]) as erased',
    [requestId, refs ?? null],
  );
  return column.whole(rows[0] ?? {}, 'erased');
}
