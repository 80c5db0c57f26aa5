-- What somebody who watches wants to know. Messages that wait for a turn do not count: nothing is late about them.
create or replace function vital_signs()
returns table (alarms bigint, outbox_waiting bigint, outbox_oldest_seconds double precision)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select
    (select count(*) from entry where type = 'alarm.raised'),
    count(*),
    coalesce(extract(epoch from clock_timestamp() - min(o.kept_at)), 0)::double precision
  from outbox o where o.delivered_at is null and o.due_at < 'infinity'
$$;
