-- Up Migration
-- What promotions need: effects that are made before the gates for people to look at, what was observed under a key in any
-- request, and holds, which belong to no request.

create index entry_by_check_key on entry ((body::jsonb ->> 'key'), seq) where type = 'check.passed';
create index entry_of_holds on entry (seq) where type in ('hold.placed', 'hold.released');
create unique index entry_one_hold on entry ((body::jsonb ->> 'holdId')) where type = 'hold.placed';
create unique index entry_one_release on entry ((body::jsonb ->> 'holdId')) where type = 'hold.released';

-- As before, but for an effect whose phase in the recorded plan is `proposal` the gates do not count.
create or replace function reserve_effect(p_request_id text, p_body text, p_judged_up_to bigint)
returns table (state text, at text, completion text, reason text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  wanted_key text := wanted ->> 'key';
  wanted_epoch text := wanted ->> 'epoch';
  planned jsonb;
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
  select effect into planned from jsonb_path_query(
    (select e.body::jsonb from entry e
      where e.request_id = p_request_id and e.type = 'plan.recorded' order by e.seq desc limit 1),
    '$.plan.targets[*].effects[*]') effect
    where effect ->> 'key' = wanted_key limit 1;
  if not st.accepted then why := 'unknown-request';
  elsif st.ended then why := 'ended';
  elsif st.revoked then why := 'revoked';
  elsif st.epoch = 0 then why := 'no-plan';
  elsif wanted_epoch <> st.epoch::text then why := 'superseded';
  elsif planned is null then why := 'not-planned';
  elsif planned ->> 'phase' is distinct from 'proposal' and exists (
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

-- A worker places a hold for the request that it names, a person without one. A repeat does nothing.
create function place_hold(p_request_id text, p_body text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
begin
  if wanted ->> 'holdId' is null or jsonb_typeof(wanted -> 'scope') is distinct from 'object' then
    perform refuse('malformed', 'hold.placed needs holdId and scope');
  end if;
  perform take_chain();
  if exists (select 1 from entry where type = 'hold.placed' and body::jsonb ->> 'holdId' = wanted ->> 'holdId') then
    return 'same';
  end if;
  perform append('hold.placed', known_request(p_request_id), p_body);
  return 'recorded';
end $$;

create function release_hold(p_body text) returns text
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

-- Telling running promotions that something outside them changed; whoever is told looks again.
create function tell_of_news(p_request_id text, p_kind text, p_payload text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if known_request(p_request_id) is null then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  insert into outbox (request_id, kind, payload) values (p_request_id, p_kind, p_payload);
end $$;

grant execute on function place_hold(text, text) to gatehouse_worker, gatehouse_api;
grant execute on function release_hold(text), tell_of_news(text, text, text) to gatehouse_api;
