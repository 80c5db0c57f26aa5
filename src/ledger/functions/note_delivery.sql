-- What was delivered stays delivered, whatever a late attempt says.
create or replace function note_delivery(p_notice text, p_recipient text, p_request_id text, p_state text, p_why text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_notice is null or p_recipient is null or p_state is null or p_state not in ('delivered', 'waiting', 'given-up') then
    perform refuse('malformed', 'a delivery needs a notice, a recipient and a state');
  end if;
  insert into notice_delivery (notice, recipient, request_id, state, why)
    values (p_notice, p_recipient, p_request_id, p_state, left(p_why, 300))
    on conflict (notice, recipient) do update
      set state = excluded.state, why = excluded.why, tries = notice_delivery.tries + 1, at = clock_timestamp()
      where notice_delivery.state <> 'delivered';
end $$;
