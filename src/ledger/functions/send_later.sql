create or replace function send_later(p_request_id text, p_kind text, p_payload text) returns void
language sql set search_path = gatehouse, pg_temp as $$
  insert into outbox (request_id, kind, payload) values (p_request_id, p_kind, p_payload)
$$;
