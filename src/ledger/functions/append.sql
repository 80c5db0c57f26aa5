create or replace function append(p_type text, p_request_id text, p_body text) returns entry
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  made entry;
begin
  insert into entry (type, request_id, body) values (p_type, p_request_id, p_body) returning * into made;
  -- delivered when the transaction commits
  perform pg_notify('gatehouse_ledger', made.seq || ' ' || coalesce(made.request_id, ''));
  return made;
end $$;
