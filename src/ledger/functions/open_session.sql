-- A session of the page. Sessions that nobody ended go with the next sign-in.
create or replace function open_session(p_id_hash text, p_content text, p_seconds double precision) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_id_hash is null or p_content is null or p_seconds is null or not p_seconds between 1 and 86400 then
    perform refuse('malformed', 'a session needs an id, a content and an end within a day');
  end if;
  delete from page_session where expires_at <= clock_timestamp();
  insert into page_session (id_hash, content, expires_at)
    values (p_id_hash, p_content, clock_timestamp() + make_interval(secs => p_seconds));
end $$;
