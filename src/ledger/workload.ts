/** How much work there is and where it stands, for gauges: numbers alone, of nothing in particular. */
import { REQUEST_OUTCOMES, type RequestOutcome } from '../domain/ledger.js';
import { column, type LedgerDatabase } from './database.js';
import type { Workload } from './ports.js';
import { OPEN_GATES } from './queries.js';

/** A target that was tried again counts by its last word. */
const STANDING = `
  with live as (
    select accepted.request_id, accepted.at
    from gatehouse.entry accepted
    where accepted.type = 'request.accepted' and not exists (
      select 1 from gatehouse.entry over
      where over.request_id = accepted.request_id and over.type in ('request.ended', 'request.revoked'))
  ), last_word as (
    select distinct on (said.request_id, said.body::jsonb ->> 'target')
           said.type, said.body::jsonb ->> 'outcome' as outcome
    from live join gatehouse.entry said on said.request_id = live.request_id
    where said.type in ('target.started', 'target.ended')
    order by said.request_id, said.body::jsonb ->> 'target', said.seq desc
  ), gate as (${OPEN_GATES}
  )
  select (select count(*) from live) as open,
         (select coalesce(extract(epoch from clock_timestamp() - min(at::timestamptz)), 0) from live) as oldest_seconds,
         (select count(*) from last_word where type = 'target.ended' and outcome = 'failed') as failed_targets,
         (select count(*) from gate) as gates_waiting,
         (select count(*) from gate where due ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$' and due < to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as gates_overdue,
         (select count(*) from gatehouse.entry placed
           where placed.type = 'hold.placed' and not exists (
             select 1 from gatehouse.entry released where released.type = 'hold.released'
               and released.body::jsonb ->> 'holdId' = placed.body::jsonb ->> 'holdId')) as holds`;

const ENDINGS = `
  select body::jsonb ->> 'outcome' as outcome, count(*) as requests
  from gatehouse.entry where type = 'request.ended' group by 1`;

/** @throws LedgerUnavailable */
export async function workloadIn(database: LedgerDatabase): Promise<Workload> {
  const [row = {}] = await database.query('count the work', STANDING);
  const endings = await database.query('count the endings', ENDINGS);
  const counted = new Map(endings.map((one) => [one.outcome, column.whole(one, 'requests')]));
  return {
    open: column.whole(row, 'open'),
    oldestSeconds: Number(row.oldest_seconds),
    failedTargets: column.whole(row, 'failed_targets'),
    gatesWaiting: column.whole(row, 'gates_waiting'),
    gatesOverdue: column.whole(row, 'gates_overdue'),
    holds: column.whole(row, 'holds'),
    ended: new Map<RequestOutcome, number>(
      REQUEST_OUTCOMES.map((outcome) => [outcome, counted.get(outcome) ?? 0]),
    ),
  };
}
