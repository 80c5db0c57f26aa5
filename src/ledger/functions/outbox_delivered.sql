create or replace function outbox_delivered(p_id bigint) returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  update outbox set delivered_at = clock_timestamp(), last_error = null where id = p_id and delivered_at is null
$$;
