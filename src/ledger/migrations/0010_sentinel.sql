-- Up Migration
-- What the sentinel of production branches has looked at, and the commits that came round the path.

create index entry_of_judged_ref on entry
  ((body::jsonb ->> 'project'), (body::jsonb ->> 'branch'), seq) where type = 'ref.judged';
-- one alarm for each commit of a branch, and one notice, whoever looks how often
create unique index entry_one_stray on entry
  ((body::jsonb #>> '{stray,project}'), (body::jsonb #>> '{stray,branch}'), (body::jsonb #>> '{stray,commit}'))
  where type = 'alarm.raised' and body::jsonb ? 'stray';
create unique index entry_one_telling on entry
  ((body::jsonb ->> 'project'), (body::jsonb ->> 'branch'), (body::jsonb ->> 'commit')) where type = 'stray.told';

-- Notes up to where a branch was judged, with the alarms that this look found, in one step. Only who looked from the commit
-- that was judged last may do it: of two that look at once, one has looked for nothing.
create function judge_ref(p_body text, p_alarms text[]) returns text
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

-- People were told of a commit. A repeat does nothing.
create function note_told(p_body text) returns void
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

grant execute on function judge_ref(text, text[]), note_told(text) to gatehouse_worker;
