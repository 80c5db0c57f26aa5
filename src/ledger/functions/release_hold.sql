create or replace function release_hold(p_body text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
begin
  perform take_chain();
  if not exists (select 1 from entry where type = 'hold.placed' and body::jsonb ->> 'holdId' = wanted ->> 'holdId') then
    perform refuse('unknown-request', 'no such hold');
  end if;
  if exists (select 1 from entry where type = 'hold.released' and body::jsonb ->> 'holdId' = wanted ->> 'holdId') then
    return 'same';
  end if;
  perform append('hold.released', null, p_body);
  return 'recorded';
end $$;
