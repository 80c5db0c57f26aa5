-- Open requests in the order of their turns: the one in work, those that go first, the others.
create or replace function open_requests(p_workflow_id text)
returns table (request_id text, content_hash text, waits boolean, goes_first boolean, accepted_seq bigint)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select accepted.request_id, accepted.body::jsonb ->> 'contentHash',
    queued.seq is not null and turn.seq is null,
    coalesce((queued.body::jsonb ->> 'goesFirst')::boolean, false),
    accepted.seq
  from entry accepted
  left join entry queued on queued.request_id = accepted.request_id and queued.type = 'request.queued'
  left join entry turn on turn.request_id = accepted.request_id and turn.type = 'turn.given'
  where accepted.type = 'request.accepted' and accepted.body::jsonb ->> 'workflowId' = p_workflow_id
    and not exists (
      select 1 from entry ended where ended.type = 'request.ended' and ended.request_id = accepted.request_id)
  order by 3, 4 desc, accepted.seq
$$;
