-- Up Migration
-- Sessions of the page. The browser holds a random id, here stand its SHA-256 and what the API sealed with its own key: who can
-- read or write this table can neither use nor make a session. No part of the chain; rows go when the session ends.
create table page_session (
  id_hash text primary key check (id_hash ~ '^[0-9a-f]{64}$'),
  content text not null check (octet_length(content) <= 131072),
  expires_at timestamptz not null
);
create index page_session_expiry on page_session (expires_at);

-- Sessions that nobody ended go with the next sign-in.
create function open_session(p_id_hash text, p_content text, p_seconds double precision) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_id_hash is null or p_content is null or p_seconds is null or not p_seconds between 1 and 86400 then
    perform refuse('malformed', 'a session needs an id, a content and an end within a day');
  end if;
  delete from page_session where expires_at <= clock_timestamp();
  insert into page_session (id_hash, content, expires_at)
    values (p_id_hash, p_content, clock_timestamp() + make_interval(secs => p_seconds));
end $$;

create function session_content(p_id_hash text) returns table (content text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select s.content from page_session s where s.id_hash = p_id_hash and s.expires_at > clock_timestamp()
$$;

create function end_session(p_id_hash text) returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  delete from page_session where id_hash = p_id_hash
$$;

revoke all on table page_session from public;
revoke all on function
  open_session(text, text, double precision), session_content(text), end_session(text)
from public;
grant execute on function
  open_session(text, text, double precision), session_content(text), end_session(text)
to gatehouse_api;
