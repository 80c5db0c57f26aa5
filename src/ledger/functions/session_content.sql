create or replace function session_content(p_id_hash text) returns table (content text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select s.content from page_session s where s.id_hash = p_id_hash and s.expires_at > clock_timestamp()
$$;
