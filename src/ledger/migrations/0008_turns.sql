-- Up Migration
-- Requests of one workflow id that wait their turn behind the open one. One of them is in work at a time: the database says
-- which, in the same step in which the one before ends.

create unique index entry_one_queueing on entry (request_id) where type = 'request.queued';
create unique index entry_one_turn on entry (request_id) where type = 'turn.given';

-- Open requests in the order of their turns: the one in work, those that go first, the others.
create function open_requests(p_workflow_id text)
returns table (request_id text, content_hash text, waits boolean, goes_first boolean, accepted_seq bigint)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select accepted.request_id, accepted.body::jsonb ->> 'contentHash',
    queued.seq is not null and turn.seq is null,
    coalesce((queued.body::jsonb ->> 'goesFirst')::boolean, false),
    accepted.seq
  from entry accepted
  left join entry queued on queued.request_id = accepted.request_id and queued.type = 'request.queued'
  left join entry turn on turn.request_id = accepted.request_id and turn.type = 'turn.given'
  where accepted.type = 'request.accepted' and accepted.body::jsonb ->> 'workflowId' = p_workflow_id
    and not exists (
      select 1 from entry ended where ended.type = 'request.ended' and ended.request_id = accepted.request_id)
  order by 3, 4 desc, accepted.seq
$$;

create function waits_for_turn(p_request_id text) returns boolean
language sql stable set search_path = gatehouse, pg_temp as $$
  select exists (select 1 from entry where request_id = p_request_id and type = 'request.queued')
    and not exists (select 1 from entry where request_id = p_request_id and type in ('turn.given', 'request.ended'))
$$;

-- Gives the next one its turn, unless one is in work. Its start has waited in the outbox since it was accepted.
create function give_turn(p_workflow_id text) returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  following record;
begin
  select o.request_id, o.waits into following from open_requests(p_workflow_id) o limit 1;
  if following.request_id is null or not following.waits then
    return;
  end if;
  perform append('turn.given', following.request_id, '{}');
  update outbox set due_at = clock_timestamp(), kept_at = clock_timestamp()
    where request_id = following.request_id and kind = 'start' and delivered_at is null;
end $$;

-- However a request ends, the next one has its turn in the same step: nothing can come between.
create function pass_turn() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  perform give_turn((
    select accepted.body::jsonb ->> 'workflowId' from entry accepted
    where accepted.request_id = new.request_id and accepted.type = 'request.accepted'));
  return null;
end $$;
create trigger entry_turn_passed after insert on entry for each row
  when (new.type = 'request.ended') execute function pass_turn();
alter table entry enable always trigger entry_turn_passed;

-- As before; p_turn says what becomes of it while another one is open. Null: it is not accepted. `last`: it waits behind all
-- that are open. `first`: it waits only for the one in work and for others that go first.
create function accept_request(
  p_request_id text, p_accepted text, p_policy text, p_outbox_kind text, p_outbox_payload text,
  p_actor_id text, p_key text, p_body_hash text, p_turn text)
returns table (state text, request_id text, content_hash text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_accepted::jsonb;
  newest record;
  ahead text;
begin
  if p_turn is not null and p_turn not in ('first', 'last') then
    perform refuse('malformed', 'a turn is first or last');
  end if;
  perform take_chain();
  select o.request_id, o.content_hash into newest from open_request(wanted ->> 'workflowId') o;
  if p_turn is null or newest.request_id is null or newest.content_hash = wanted ->> 'contentHash'
     or known_request(p_request_id) is not null then
    return query select * from accept_request(
      p_request_id, p_accepted, p_policy, p_outbox_kind, p_outbox_payload, p_actor_id, p_key, p_body_hash);
    return;
  end if;
  if p_request_id is null or wanted ->> 'workflowId' is null or wanted ->> 'contentHash' is null then
    perform refuse('malformed', 'request.accepted needs a request id, workflowId and contentHash');
  end if;
  if p_key is not null then
    return query select f.state, f.request_id, null::text from find_idempotent(p_actor_id, p_key, p_body_hash) f;
    if found then
      return;
    end if;
    insert into idempotency values (p_actor_id, p_key, p_body_hash, p_request_id);
  end if;
  select o.request_id into ahead from open_requests(wanted ->> 'workflowId') o
    where p_turn = 'last' or o.goes_first or not o.waits
    order by o.waits desc, o.goes_first, o.accepted_seq desc limit 1;
  perform append('request.accepted', p_request_id, p_accepted);
  perform append('policy.pinned', p_request_id, p_policy);
  perform append('request.queued', p_request_id,
    jsonb_build_object('behind', ahead, 'goesFirst', p_turn = 'first')::text);
  insert into outbox (request_id, kind, payload, due_at)
    values (p_request_id, p_outbox_kind, p_outbox_payload, 'infinity');
  return query select 'accepted', p_request_id, wanted ->> 'contentHash';
end $$;

-- Ends a request that waits for its turn: nothing of it was begun, and it has no run that could end it.
create function end_in_line(p_request_id text, p_outcome text, p_message text) returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  update outbox set delivered_at = clock_timestamp()
    where request_id = p_request_id and kind = 'start' and delivered_at is null;
  perform append('request.ended', p_request_id,
    jsonb_build_object('outcome', p_outcome, 'message', p_message)::text);
end $$;

-- As before; a request that waits for its turn can only be cancelled, which ends it.
create or replace function record_command(
  p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text, p_delay_seconds double precision)
returns table (state text, outbox_id bigint)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  result text := record_command(p_request_id, p_body);
  message bigint;
begin
  if waits_for_turn(p_request_id) then
    if p_body::jsonb ->> 'command' <> 'cancel' then
      perform refuse('waits', 'the request waits for its turn: it can only be cancelled');
    end if;
    perform end_in_line(p_request_id, 'cancelled', 'cancelled while it waited for its turn');
    return query select 'ended', null::bigint;
    return;
  end if;
  if result = 'recorded' then
    insert into outbox (request_id, kind, payload, due_at)
      values (p_request_id, p_outbox_kind, p_outbox_payload, clock_timestamp() + make_interval(secs => p_delay_seconds))
      returning id into message;
  else
    select o.id into message from outbox o
      where o.request_id = p_request_id and o.kind = p_outbox_kind and o.payload = p_outbox_payload
        and o.delivered_at is null;
  end if;
  return query select result, message;
end $$;

-- As before; one that waits for its turn has no run to tell, and ends with this.
create or replace function revoke_request(
  p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
begin
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  if st.revoked then
    return 'same';
  end if;
  if st.ended then
    perform refuse('ended', 'the request has ended: there is nothing to revoke');
  end if;
  perform append('request.revoked', p_request_id, p_body);
  if waits_for_turn(p_request_id) then
    perform end_in_line(p_request_id, 'revoked', 'the request was revoked');
  elsif p_outbox_kind is not null then
    perform send_later(p_request_id, p_outbox_kind, p_outbox_payload);
  end if;
  return 'recorded';
end $$;

-- No plan before its turn, and without a plan no gate and no effect: whoever starts its run by hand gains nothing.
alter function record_plan(text, text) rename to record_plan_in_turn;
alter function record_plan_in_turn(text, text) security invoker;
create function record_plan(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  perform take_chain();
  if waits_for_turn(p_request_id) then
    perform refuse('waits', 'the request waits for its turn: another one of its name is in work');
  end if;
  perform record_plan_in_turn(p_request_id, p_body);
end $$;
revoke execute on function record_plan_in_turn(text, text) from gatehouse_worker;

-- As before, without messages that wait for a turn: nothing is late about them.
create or replace function vital_signs()
returns table (alarms bigint, outbox_waiting bigint, outbox_oldest_seconds double precision)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select
    (select count(*) from entry where type = 'alarm.raised'),
    count(*),
    coalesce(extract(epoch from clock_timestamp() - min(o.kept_at)), 0)::double precision
  from outbox o where o.delivered_at is null and o.due_at < 'infinity'
$$;

grant execute on function
  accept_request(text, text, text, text, text, text, text, text, text),
  open_requests(text)
to gatehouse_api;
grant execute on function record_plan(text, text) to gatehouse_worker;
