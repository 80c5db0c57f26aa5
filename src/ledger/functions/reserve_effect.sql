-- The last step before an effect, in one transaction: judges by the chain as it stands, and reserves. For an effect whose phase
-- in the recorded plan is `proposal` the gates do not count: it is made for people to look at. What closes a proposal is made
-- for a revoked request too: it takes back, and nothing else would. Nothing is made for a promotion in shadow. p_judged_up_to:
-- where the chain ended before the caller read what it judged by; what could say no and came later is judged anew.
create or replace function reserve_effect(p_request_id text, p_body text, p_judged_up_to bigint)
returns table (state text, at text, completion text, reason text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  wanted_key text := wanted ->> 'key';
  wanted_epoch text := wanted ->> 'epoch';
  planned planned_effect;
  held entry;
  done entry;
  made entry;
  why text;
  -- law of names, as in src/domain/promotion/request.ts
  tidies boolean := wanted_key ~ ':(merge-request|change-record)-end$';
begin
  if wanted_key is null or wanted_epoch is null then
    perform refuse('malformed', 'effect.reserved needs key and epoch');
  end if;
  perform take_chain();
  st := state_of(p_request_id);
  select * into planned from planned_effect p
    where p.request_id = p_request_id and p.epoch = st.epoch and p.key = wanted_key;
  tidies := tidies and planned.phase is not distinct from 'proposal';
  if is_shadow(p_request_id) then why := 'shadow';
  elsif not st.accepted then why := 'unknown-request';
  elsif st.ended then why := 'ended';
  elsif st.revoked and not tidies then why := 'revoked';
  elsif st.epoch = 0 then why := 'no-plan';
  elsif wanted_epoch <> st.epoch::text then why := 'superseded';
  elsif planned.key is null then why := 'not-planned';
  elsif planned.phase is distinct from 'proposal' and exists (
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
  elsif p_judged_up_to is null or exists (
    select 1 from entry later
    where later.request_id = p_request_id and later.seq > p_judged_up_to
      and (later.type in ('decision.made', 'gate.closed', 'plan.recorded')
        or later.type = 'command.given' and later.body::jsonb ->> 'command' = 'cancel'))
  -- what says no to more than one request
  or exists (select 1 from entry later where later.type = 'hold.placed' and later.seq > p_judged_up_to)
  or exists (select 1 from entry later where later.type = 'key.revoked' and later.seq > p_judged_up_to)
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
