create or replace function raise_alarm(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  perform append('alarm.raised', known_request(p_request_id), p_body);
end $$;
