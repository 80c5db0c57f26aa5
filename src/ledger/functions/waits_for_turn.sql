create or replace function waits_for_turn(p_request_id text) returns boolean
language sql stable set search_path = gatehouse, pg_temp as $$
  select exists (select 1 from entry where request_id = p_request_id and type = 'request.queued')
    and not exists (select 1 from entry where request_id = p_request_id and type in ('turn.given', 'request.ended'))
$$;
