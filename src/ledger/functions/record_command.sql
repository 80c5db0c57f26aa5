-- An operator's command, with a message for the workflow. p_delay_seconds: whoever records it tells the workflow himself first;
-- the message is for when he cannot. A repeat answers the message that is still waiting, if any. A request that waits for its
-- turn can only be cancelled, which ends it.
create or replace function record_command(
  p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text, p_delay_seconds double precision)
returns table (state text, outbox_id bigint)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  known entry;
  message bigint;
begin
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  select * into known from entry e
    where e.type = 'command.given' and e.body::jsonb ->> 'commandId' = wanted ->> 'commandId';
  if known.seq is not null then
    if known.request_id is distinct from p_request_id or known.body::jsonb <> wanted then
      perform refuse('contradiction', 'this command id was used for another command');
    end if;
  else
    if st.ended then
      perform refuse('ended', 'the request has ended: there is nothing to command');
    end if;
    perform append('command.given', p_request_id, p_body);
  end if;
  if waits_for_turn(p_request_id) then
    if wanted ->> 'command' <> 'cancel' then
      perform refuse('waits', 'the request waits for its turn: it can only be cancelled');
    end if;
    perform end_in_line(p_request_id, 'cancelled', 'cancelled while it waited for its turn');
    return query select 'ended', null::bigint;
    return;
  end if;
  if known.seq is null then
    insert into outbox (request_id, kind, payload, due_at)
      values (p_request_id, p_outbox_kind, p_outbox_payload, clock_timestamp() + make_interval(secs => p_delay_seconds))
      returning id into message;
    return query select 'recorded', message;
    return;
  end if;
  return query select 'same', (
    select o.id from outbox o
    where o.request_id = p_request_id and o.kind = p_outbox_kind and o.payload = p_outbox_payload
      and o.delivered_at is null);
end $$;
