-- Where a request stands. Epochs are 1, 2, 3 without gaps (record_plan), so their number is the current one.
create or replace function state_of(p_request_id text) returns request_state
language sql stable set search_path = gatehouse, pg_temp as $$
  select row(
    exists (select 1 from entry where request_id = p_request_id and type = 'request.accepted'),
    exists (select 1 from entry where request_id = p_request_id and type = 'request.ended'),
    exists (select 1 from entry where request_id = p_request_id and type = 'request.revoked'),
    (select count(*)::integer from entry where request_id = p_request_id and type = 'plan.recorded'))::request_state
$$;
