create or replace function find_idempotent(p_actor_id text, p_key text, p_body_hash text) returns table (state text, request_id text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select case when i.body_hash = p_body_hash then 'repeated' else 'key-reused' end, i.request_id
  from idempotency i where i.actor_id = p_actor_id and i.key = p_key
$$;
