-- Notes up to where a branch was judged, with the alarms that this look found, in one step. Only who looked from the commit
-- that was judged last may do it: of two that look at once, one has looked for nothing.
create or replace function judge_ref(p_body text, p_alarms text[]) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
  last text;
  alarm text;
  stray jsonb;
begin
  if not wanted ?& array['project', 'branch', 'commit'] then
    perform refuse('malformed', 'ref.judged needs project, branch and commit');
  end if;
  perform take_chain();
  select body::jsonb ->> 'commit' into last from entry
    where type = 'ref.judged' and body::jsonb ->> 'project' = wanted ->> 'project'
      and body::jsonb ->> 'branch' = wanted ->> 'branch'
    order by seq desc limit 1;
  if last = wanted ->> 'commit' then
    return 'same';
  end if;
  if last is distinct from wanted ->> 'after' then
    return 'moved';
  end if;
  foreach alarm in array p_alarms loop
    stray := alarm::jsonb -> 'stray';
    if stray is null or stray ->> 'project' is distinct from wanted ->> 'project'
       or stray ->> 'branch' is distinct from wanted ->> 'branch' or stray ->> 'commit' is null then
      perform refuse('malformed', 'an alarm of a look is about a commit of the branch that was looked at');
    end if;
    if not exists (
      select 1 from entry where type = 'alarm.raised' and body::jsonb ? 'stray'
        and body::jsonb #>> '{stray,project}' = stray ->> 'project'
        and body::jsonb #>> '{stray,branch}' = stray ->> 'branch'
        and body::jsonb #>> '{stray,commit}' = stray ->> 'commit')
    then
      perform append('alarm.raised', null, alarm);
    end if;
  end loop;
  perform append('ref.judged', null, p_body);
  return 'recorded';
end $$;
