create or replace function end_session(p_id_hash text) returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  delete from page_session where id_hash = p_id_hash
$$;
