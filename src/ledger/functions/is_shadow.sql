-- A promotion in shadow: nothing is changed for it and nobody is asked, whatever a workflow wants.
create or replace function is_shadow(p_request_id text) returns boolean
language sql stable set search_path = gatehouse, pg_temp as $$
  select exists (
    select 1 from entry where request_id = p_request_id and type = 'request.accepted' and asks_for_shadow(body))
$$;
