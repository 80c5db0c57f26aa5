-- What an effect read back: once, after its reservation, and after the request's end too, since it has happened.
create or replace function complete_effect(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
begin
  perform take_chain();
  if exists (
    select 1 from entry where request_id = p_request_id and type = 'effect.completed'
      and body::jsonb ->> 'key' = wanted ->> 'key' and body::jsonb ->> 'epoch' = wanted ->> 'epoch')
  then
    return;
  end if;
  if not exists (
    select 1 from entry where request_id = p_request_id and type = 'effect.reserved'
      and body::jsonb ->> 'key' = wanted ->> 'key' and body::jsonb ->> 'epoch' = wanted ->> 'epoch')
  then
    perform refuse('not-reserved', 'an effect is reserved before it is made: this one is not');
  end if;
  perform append('effect.completed', p_request_id, p_body);
end $$;
