-- A worker places a hold for the request that it names, a person without one. A repeat does nothing.
create or replace function place_hold(p_request_id text, p_body text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
begin
  perform take_chain();
  if is_shadow(p_request_id) then
    perform refuse('shadow', 'the promotion is in shadow: it stops nobody');
  end if;
  if exists (select 1 from entry where type = 'hold.placed' and body::jsonb ->> 'holdId' = wanted ->> 'holdId') then
    return 'same';
  end if;
  perform append('hold.placed', known_request(p_request_id), p_body);
  return 'recorded';
end $$;
