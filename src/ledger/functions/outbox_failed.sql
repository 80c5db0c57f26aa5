create or replace function outbox_failed(p_id bigint, p_error text, p_base_seconds double precision, p_max_seconds double precision)
returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  update outbox
    set last_error = left(p_error, 500),
        due_at = clock_timestamp()
          + make_interval(secs => least(p_base_seconds * power(2, least(attempts, 30) - 1), p_max_seconds))
    where id = p_id and delivered_at is null
$$;
