-- From here on nothing is reserved for it. One that waits for its turn has no run to tell, and ends with this.
-- p_outbox_kind null: nobody is told.
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
