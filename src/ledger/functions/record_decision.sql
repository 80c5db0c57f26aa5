create or replace function record_decision(p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text)
returns table (state text, seq bigint)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  same entry;
  opened jsonb;
  made entry;
begin
  if not wanted ?& array['gate', 'epoch', 'decision', 'personId', 'jti', 'envelope'] then
    perform refuse('malformed', 'decision.made needs gate, epoch, decision, personId, jti, envelope');
  end if;
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  select e.* into same from entry e where e.type = 'decision.made' and e.body::jsonb ->> 'jti' = wanted ->> 'jti';
  if same.seq is not null then
    if same.request_id = p_request_id and same.body::jsonb = wanted then
      return query select 'same', same.seq;
      return;
    end if;
    perform refuse('contradiction', 'this jti was used for another decision');
  end if;
  if st.ended or st.revoked then
    return query select 'closed', null::bigint;
    return;
  end if;
  if (wanted ->> 'epoch')::integer <> st.epoch then
    return query select 'superseded', null::bigint;
    return;
  end if;
  if exists (select 1 from entry e
      where e.request_id = p_request_id and e.type = 'decision.made'
        and e.body::jsonb ->> 'gate' = wanted ->> 'gate' and e.body::jsonb ->> 'epoch' = wanted ->> 'epoch'
        and e.body::jsonb ->> 'personId' = wanted ->> 'personId') then
    return query select 'already-voted', null::bigint;
    return;
  end if;
  select e.body::jsonb into opened from entry e
    where e.request_id = p_request_id and e.type = 'gate.opened'
      and e.body::jsonb ->> 'gate' = wanted ->> 'gate' and e.body::jsonb ->> 'epoch' = wanted ->> 'epoch'
    order by e.seq limit 1;
  if opened is null or (opened ->> 'due')::timestamptz < clock_timestamp() or exists (
      select 1 from entry e
      where e.request_id = p_request_id and e.type = 'gate.closed'
        and e.body::jsonb ->> 'gate' = wanted ->> 'gate' and e.body::jsonb ->> 'epoch' = wanted ->> 'epoch') then
    return query select 'closed', null::bigint;
    return;
  end if;
  made := append('decision.made', p_request_id, p_body);
  perform send_later(p_request_id, p_outbox_kind, p_outbox_payload);
  return query select 'recorded', made.seq;
end $$;
