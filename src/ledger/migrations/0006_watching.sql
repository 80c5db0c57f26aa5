-- Up Migration
-- What somebody who watches wants to know: alarms so far, messages that wait, and since when the oldest of them.

alter table outbox add column kept_at timestamptz not null default clock_timestamp();

create function vital_signs() returns table (alarms bigint, outbox_waiting bigint, outbox_oldest_seconds double precision)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select
    (select count(*) from entry where type = 'alarm.raised'),
    count(*),
    coalesce(extract(epoch from clock_timestamp() - min(o.kept_at)), 0)::double precision
  from outbox o where o.delivered_at is null
$$;

grant execute on function vital_signs() to gatehouse_api;
