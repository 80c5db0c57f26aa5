-- Digest of what an entry says, and when. Together with type and owner it stands for the entry where its content must not be
-- shown: the chain can still be followed across it, and nobody can pass an entry of his own off as one of others.
create or replace function entry_digest(p_at text, p_body text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select encode(sha256(convert_to(p_at || chr(10) || p_body, 'UTF8')), 'hex')
$$;
