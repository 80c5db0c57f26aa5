/** Reads commits that came round the path from the alarms that hold them. */
import type { AnyEntry } from '../domain/ledger.js';
import type { Stray } from '../domain/promotion/strays.js';
import { ENTRY_COLUMNS } from './stored-entry.js';

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
    select 1 from jsonb_path_query(body::jsonb, '$.stray.places[*]') place where starts_with(place #>> '{}', $1))
  order by seq desc limit 20`;

export function straysIn(entries: readonly AnyEntry[]): readonly Stray[] {
  return entries.flatMap((entry) => (entry.type === 'alarm.raised' ? (entry.body.stray ?? []) : []));
}
