create or replace function open_request(p_workflow_id text) returns table (request_id text, content_hash text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select accepted.request_id, accepted.body::jsonb ->> 'contentHash'
  from entry accepted
  where accepted.type = 'request.accepted' and accepted.body::jsonb ->> 'workflowId' = p_workflow_id
    and not exists (
      select 1 from entry ended where ended.type = 'request.ended' and ended.request_id = accepted.request_id)
  order by accepted.seq desc limit 1
$$;
