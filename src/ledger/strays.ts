/** Reads commits that came round the path from the alarms that hold them. */
import type { Stray } from '../domain/promotion/strays.js';
import type { Row } from './database.js';
import { ENTRY_COLUMNS, parseEntry, storedEntry } from './stored-entry.js';

const IS_STRAY = `type = 'alarm.raised' and body::jsonb ? 'stray'`;

/** Oldest first. */
export const UNTOLD_STRAYS = `select ${ENTRY_COLUMNS} from gatehouse.entry alarm
  where ${IS_STRAY} and not exists (
    select 1 from gatehouse.entry told where told.type = 'stray.told'
      and told.body::jsonb ->> 'project' = alarm.body::jsonb #>> '{stray,project}'
      and told.body::jsonb ->> 'branch' = alarm.body::jsonb #>> '{stray,branch}'
      and told.body::jsonb ->> 'commit' = alarm.body::jsonb #>> '{stray,commit}')
  order by seq limit 100`;

/** Newest first. $1: beginning of the keys of the environment's places, with its slash. */
export const STRAYS_OF = `select ${ENTRY_COLUMNS} from gatehouse.entry
  where ${IS_STRAY} and exists (
    select 1 from jsonb_array_elements_text(body::jsonb #> '{stray,places}') place where starts_with(place, $1))
  order by seq desc limit 20`;

export function straysIn(rows: readonly Row[]): readonly Stray[] {
  return rows
    .map((row) => parseEntry(storedEntry(row)))
    .flatMap((entry) => (entry.type === 'alarm.raised' ? (entry.body.stray ?? []) : []));
}
