-- The appends of workers that differ only in what counts as a repeat: an earlier entry about the same subject (entry_subject)
-- makes the new one a repeat or a contradiction.
create or replace function worker_append(p_type text, p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  subject text := entry_subject(p_type, p_body);
  known_type text;
  known jsonb;
  known_seq bigint;
begin
  if p_type is null or subject is null then
    perform refuse('forbidden', format('workers do not append %s', p_type));
  end if;
  perform take_chain();
  -- no gate, so nobody is asked; no start, so nothing is rolled out
  if p_type in ('gate.opened', 'gate.reminded', 'gate.closed', 'request.started', 'target.started')
     and is_shadow(p_request_id) then
    perform refuse('shadow', 'the promotion is in shadow: nobody is asked and nothing is done');
  end if;
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;

  select type, body::jsonb, seq into known_type, known, known_seq from entry
    where request_id = p_request_id and entry_subject(type, body) = subject
      and type in ('gate.opened', 'gate.reminded', 'gate.closed', 'check.passed', 'target.started', 'target.ended',
                   'request.started', 'request.ended')
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
