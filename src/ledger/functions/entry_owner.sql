create or replace function entry_owner(p_request_id text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select coalesce(encode(sha256(convert_to(p_request_id, 'UTF8')), 'hex'), '')
$$;
