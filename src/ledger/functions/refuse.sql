create or replace function refuse(p_reason text, p_message text) returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  raise exception using errcode = 'GH001', message = p_message, detail = p_reason;
end $$;
