-- Messages of one request and kind come in order, and all of them after its start. Messages of other kinds do not wait for
-- each other: a command that nobody takes must not hold the news of a decision.
create or replace function claim_outbox(p_limit integer, p_lease_seconds double precision)
returns table (id bigint, request_id text, kind text, payload text, attempts integer)
language sql security definer set search_path = gatehouse, pg_temp as $$
  with due as (
    select o.id from outbox o
    where o.delivered_at is null and o.due_at <= clock_timestamp()
      and not exists (
        select 1 from outbox earlier
        where earlier.request_id = o.request_id and earlier.id < o.id and earlier.delivered_at is null
          and earlier.kind in ('start', o.kind))
    order by o.id limit p_limit
    for update of o skip locked)
  update outbox o
    set attempts = o.attempts + 1, due_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    from due where o.id = due.id
    returning o.id, o.request_id, o.kind, o.payload, o.attempts
$$;
