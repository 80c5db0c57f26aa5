create or replace function entry_hash(p_prev_hash text, p_seq bigint, p_type text, p_owner text, p_digest text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select encode(sha256(convert_to(
    p_prev_hash || chr(10) || p_seq::text || chr(10) || p_type || chr(10) || p_owner || chr(10) || p_digest,
    'UTF8')), 'hex')
$$;
