create or replace function api_append(p_type text, p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_type not in ('call.refused', 'key.revoked', 'payloads.decoded') then
    perform refuse('forbidden', format('%s is not appended this way', p_type));
  end if;
  perform take_chain();
  if p_type = 'key.revoked' and exists (
      select 1 from entry where type = 'key.revoked' and body::jsonb ->> 'kid' = p_body::jsonb ->> 'kid') then
    return;
  end if;
  perform append(p_type, known_request(p_request_id), p_body);
end $$;
