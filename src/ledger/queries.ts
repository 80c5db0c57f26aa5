/** The two lists that the API reads over many requests. */

/** Gates that wait: of the current epoch of requests that are neither ended nor revoked; oldest first. */
export const OPEN_GATES = `
  select opened.request_id, accepted.body::jsonb ->> 'workflowId' as workflow_id, opened.body::jsonb ->> 'gate' as gate,
         opened.body::jsonb ->> 'epoch' as epoch, opened.body::jsonb ->> 'openedAt' as opened_at,
         opened.body::jsonb ->> 'due' as due
  from gatehouse.entry opened
  join gatehouse.entry accepted on accepted.request_id = opened.request_id and accepted.type = 'request.accepted'
  where opened.type = 'gate.opened'
    and not exists (
      select 1 from gatehouse.entry over
      where over.request_id = opened.request_id and over.type in ('request.ended', 'request.revoked'))
    and not exists (
      select 1 from gatehouse.entry closed
      where closed.request_id = opened.request_id and closed.type = 'gate.closed'
        and closed.body::jsonb ->> 'gate' = opened.body::jsonb ->> 'gate'
        and closed.body::jsonb ->> 'epoch' = opened.body::jsonb ->> 'epoch')
    and opened.body::jsonb ->> 'epoch' = (
      select count(*)::text from gatehouse.entry plan
      where plan.request_id = opened.request_id and plan.type = 'plan.recorded')
  order by opened.seq`;

/** Requests, newest first: $1 position to go on before or null, $2 workflow id or null, $3 how many. */
export const REQUESTS = `
  select accepted.request_id, accepted.seq, accepted.at, accepted.body::jsonb ->> 'workflowId' as workflow_id,
         accepted.body::jsonb ->> 'kind' as kind, accepted.body::jsonb ->> 'contentHash' as content_hash,
         (select count(*) from gatehouse.entry plan
           where plan.request_id = accepted.request_id and plan.type = 'plan.recorded') as epoch,
         exists (select 1 from gatehouse.entry started
           where started.request_id = accepted.request_id and started.type = 'request.started') as started,
         exists (select 1 from gatehouse.entry revoked
           where revoked.request_id = accepted.request_id and revoked.type = 'request.revoked') as revoked,
         ended.at as ended_at, ended.body::jsonb ->> 'outcome' as outcome
  from gatehouse.entry accepted
  left join gatehouse.entry ended on ended.request_id = accepted.request_id and ended.type = 'request.ended'
  where accepted.type = 'request.accepted'
    and ($1::bigint is null or accepted.seq < $1)
    and ($2::text is null or accepted.body::jsonb ->> 'workflowId' = $2)
  order by accepted.seq desc limit $3`;
