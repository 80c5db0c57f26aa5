-- Alarms and refusals may come with a request id that a stranger made up: it is kept only when the ledger knows it.
create or replace function known_request(p_request_id text) returns text
language sql stable set search_path = gatehouse, pg_temp as $$
  select request_id from entry where request_id = p_request_id and type = 'request.accepted'
$$;
