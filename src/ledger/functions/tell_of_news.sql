-- Telling running promotions that something outside them changed; whoever is told looks again.
create or replace function tell_of_news(p_request_id text, p_kind text, p_payload text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if known_request(p_request_id) is null then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  insert into outbox (request_id, kind, payload) values (p_request_id, p_kind, p_payload);
end $$;
