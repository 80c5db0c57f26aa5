-- People were told of a commit. A repeat does nothing.
create or replace function note_told(p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
begin
  perform take_chain();
  if not exists (
    select 1 from entry where type = 'alarm.raised' and body::jsonb ? 'stray'
      and body::jsonb #>> '{stray,project}' = wanted ->> 'project'
      and body::jsonb #>> '{stray,branch}' = wanted ->> 'branch'
      and body::jsonb #>> '{stray,commit}' = wanted ->> 'commit')
  then
    perform refuse('contradiction', 'no alarm was raised for this commit');
  end if;
  if exists (
    select 1 from entry where type = 'stray.told' and body::jsonb ->> 'project' = wanted ->> 'project'
      and body::jsonb ->> 'branch' = wanted ->> 'branch' and body::jsonb ->> 'commit' = wanted ->> 'commit')
  then
    return;
  end if;
  perform append('stray.told', null, p_body);
end $$;
