-- Up Migration
-- What workers append: plans, gates, effects, checks, targets, endings; and what both roles may do.

create function record_plan(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  wanted_epoch integer := (wanted ->> 'epoch')::integer;
  known text;
begin
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  if wanted_epoch = st.epoch then
    select body into known from entry
      where request_id = p_request_id and type = 'plan.recorded' order by seq desc limit 1;
    if known::jsonb = wanted then
      return;
    end if;
    perform refuse('contradiction', format('epoch %s has another plan already; record the new one under %s',
      st.epoch, st.epoch + 1));
  end if;
  if st.ended or st.revoked then
    perform refuse(case when st.ended then 'ended' else 'revoked' end, 'the request is over: nothing more is planned');
  end if;
  if wanted_epoch is distinct from st.epoch + 1 then
    perform refuse('wrong-epoch', format('the next epoch is %s', st.epoch + 1));
  end if;
  perform append('plan.recorded', p_request_id, p_body);
end $$;

-- The appends that differ only in what counts as a repeat. `subject` is the part of the body that says what it is about:
-- an earlier entry about the same subject makes the new one a repeat or a contradiction.
create function worker_append(p_type text, p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  subject_fields text[];
  subject jsonb;
  known_type text;
  known jsonb;
  known_seq bigint;
begin
  subject_fields := case p_type
    when 'gate.opened' then array['gate', 'epoch']
    when 'gate.reminded' then array['gate', 'epoch', 'kind', 'number']
    when 'gate.closed' then array['gate', 'epoch']
    when 'check.passed' then array['key']
    when 'target.started' then array['target']
    when 'target.ended' then array['target']
    when 'request.started' then array[]::text[]
    when 'request.ended' then array[]::text[]
  end;
  if subject_fields is null then
    perform refuse('forbidden', format('workers do not append %s', p_type));
  end if;
  if not wanted ?& subject_fields then
    perform refuse('malformed', format('%s needs %s', p_type, array_to_string(subject_fields, ', ')));
  end if;
  select coalesce(jsonb_object_agg(field, wanted -> field), '{}') into subject from unnest(subject_fields) field;

  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;

  -- starting and ending a target are about the same subject: the latest of both counts
  select type, body::jsonb, seq into known_type, known, known_seq from entry
    where request_id = p_request_id
      and (type = p_type or (p_type like 'target.%' and type in ('target.started', 'target.ended')))
      and body::jsonb @> subject
    order by seq desc limit 1;

  if known is not null then
    if p_type in ('gate.opened', 'gate.reminded', 'request.started') then
      return;
    elsif p_type = 'gate.closed' then
      if known -> 'result' = wanted -> 'result' then
        return;
      end if;
      perform refuse('contradiction', format('the gate is closed already: %s', known ->> 'result'));
    elsif p_type = 'request.ended' then
      if known -> 'outcome' = wanted -> 'outcome' then
        return;
      end if;
      perform refuse('contradiction', format('the request has ended already: %s', known ->> 'outcome'));
    elsif p_type = 'target.started' and known_type = p_type then
      return;
    elsif p_type = 'check.passed' and known = wanted then
      return;
    elsif p_type = 'target.ended' and known_type = p_type and known = wanted and not exists (
      -- tried again because somebody asked for it, and failed in the same way: that is news
      select 1 from entry asked
      where wanted ->> 'outcome' = 'failed' and asked.request_id = p_request_id and asked.type = 'command.given' and asked.seq > known_seq
        and asked.body::jsonb ->> 'command' in ('retry', 'resume', 'accept', 'rollback'))
    then
      return;
    end if;
  end if;

  if st.ended and p_type not in ('check.passed', 'target.ended') then
    perform refuse('ended', 'the request has ended');
  end if;
  if st.revoked and p_type in ('gate.opened', 'gate.reminded', 'request.started') then
    perform refuse('revoked', 'the request is revoked');
  end if;
  if p_type in ('gate.opened', 'gate.reminded', 'gate.closed') and (wanted ->> 'epoch')::integer <> st.epoch then
    perform refuse('wrong-epoch', format('the current epoch is %s', st.epoch));
  end if;
  perform append(p_type, p_request_id, p_body);
end $$;

create function reserve_effect(p_request_id text, p_body text, p_judged_up_to bigint)
returns table (state text, at text, completion text, reason text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  wanted_key text := wanted ->> 'key';
  wanted_epoch text := wanted ->> 'epoch';
  held entry;
  done entry;
  made entry;
  why text;
begin
  if wanted_key is null or wanted_epoch is null then
    perform refuse('malformed', 'effect.reserved needs key and epoch');
  end if;
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then why := 'unknown-request';
  elsif st.ended then why := 'ended';
  elsif st.revoked then why := 'revoked';
  elsif st.epoch = 0 then why := 'no-plan';
  elsif wanted_epoch <> st.epoch::text then why := 'superseded';
  elsif not exists (
    select 1 from jsonb_path_query(
      (select e.body::jsonb from entry e
        where e.request_id = p_request_id and e.type = 'plan.recorded' order by e.seq desc limit 1),
      '$.plan.targets[*].effects[*].key') planned
    where planned #>> '{}' = wanted_key)
  then why := 'not-planned';
  elsif exists (
    select 1 from entry opened
    where opened.request_id = p_request_id and opened.type in ('gate.opened', 'gate.closed')
      and opened.body::jsonb ->> 'epoch' = wanted_epoch
      and not exists (
        select 1 from entry closed
        where closed.request_id = p_request_id and closed.type = 'gate.closed'
          and closed.body::jsonb ->> 'gate' = opened.body::jsonb ->> 'gate'
          and closed.body::jsonb ->> 'epoch' = wanted_epoch
          and closed.body::jsonb ->> 'result' = 'passed'))
  then why := 'gate-not-passed';
  elsif exists (
    select 1 from entry later
    where later.request_id = p_request_id and later.seq > p_judged_up_to
      and later.type in ('decision.made', 'gate.closed', 'plan.recorded'))
  then why := 'changed-meanwhile';
  end if;
  if why is not null then
    return query select 'refused', null::text, null::text, why;
    return;
  end if;

  select e.* into done from entry e
    where e.request_id = p_request_id and e.type = 'effect.completed'
      and e.body::jsonb ->> 'key' = wanted_key and e.body::jsonb ->> 'epoch' = wanted_epoch;
  if done.seq is not null then
    return query select 'completed', done.at, done.body, null::text;
    return;
  end if;
  select e.* into held from entry e
    where e.request_id = p_request_id and e.type = 'effect.reserved'
      and e.body::jsonb ->> 'key' = wanted_key and e.body::jsonb ->> 'epoch' = wanted_epoch;
  if held.seq is not null then
    return query select 'resumed', held.at, null::text, null::text;
    return;
  end if;
  made := append('effect.reserved', p_request_id, p_body);
  return query select 'reserved', made.at, null::text, null::text;
end $$;

create function complete_effect(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
  reserved boolean;
  completed boolean;
begin
  perform take_chain();
  select coalesce(bool_or(type = 'effect.reserved'), false), coalesce(bool_or(type = 'effect.completed'), false)
    into reserved, completed from entry
    where request_id = p_request_id and type in ('effect.reserved', 'effect.completed')
      and body::jsonb ->> 'key' = wanted ->> 'key' and body::jsonb ->> 'epoch' = wanted ->> 'epoch';
  if completed then
    return;
  end if;
  if not reserved then
    perform refuse('not-reserved', 'an effect is reserved before it is made: this one is not');
  end if;
  perform append('effect.completed', p_request_id, p_body);
end $$;

-- Alarms and refusals may come with a request id that a stranger made up: it is kept only when the ledger knows it.
create function known_request(p_request_id text) returns text
language sql stable set search_path = gatehouse, pg_temp as $$
  select request_id from entry where request_id = p_request_id and type = 'request.accepted'
$$;

create function raise_alarm(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  perform append('alarm.raised', known_request(p_request_id), p_body);
end $$;

create function keep_personal(p_request_id text, p_refs text[], p_salts text[], p_values text[]) returns text[]
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  kept text[] := '{}';
  known text;
begin
  if cardinality(p_values) > 5000 or cardinality(p_refs) <> cardinality(p_values)
     or cardinality(p_salts) <> cardinality(p_values) then
    perform refuse('malformed', 'give one reference and one salt per value, at most 5000 at once');
  end if;
  perform take_chain();
  for i in 1 .. cardinality(p_values) loop
    select ref into known from personal where request_id = p_request_id and value = p_values[i] order by ref limit 1;
    if known is null then
      insert into personal (ref, request_id, salt, value) values (p_refs[i], p_request_id, p_salts[i], p_values[i])
        returning ref into known;
    end if;
    kept := kept || known;
  end loop;
  return kept;
end $$;

create function personal_values(p_refs text[]) returns table (ref text, salt text, value text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select p.ref, p.salt, p.value from personal p where p.ref = any (p_refs) and p.value is not null
$$;

-- Not granted to any login: erasing is for the owner of the database.
create function erase_personal(p_request_id text, p_refs text[]) returns integer
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  erased integer;
begin
  update personal set value = null, salt = null, erased_at = clock_timestamp()
    where request_id = p_request_id and value is not null and (p_refs is null or ref = any (p_refs));
  get diagnostics erased = row_count;
  return erased;
end $$;
