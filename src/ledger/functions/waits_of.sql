create or replace function waits_of(p_request_id text) returns table (target text, step text, clause text, since text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select w.target, w.step, w.clause, to_char(w.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  from wait_note w where w.request_id = p_request_id order by w.target, w.step
$$;
