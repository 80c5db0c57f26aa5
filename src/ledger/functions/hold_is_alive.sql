-- Whether the session that took a hold still stands: it keeps a session lock of its own (the beacon), which ends with it, however
-- it ends. Anybody may take a lock of any number, so the lock counts only for that very process, and only for the worker's role.
create or replace function hold_is_alive(p_pid integer, p_beacon bigint) returns boolean
language sql volatile set search_path = gatehouse, pg_temp as $$
  select exists (
    select 1 from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.pid = p_pid and a.usename = 'gatehouse_worker'
      and l.database = (select oid from pg_database where datname = current_database())
      and (l.classid::bigint << 32 | l.objid::bigint) = p_beacon and l.objsubid = 1)
$$;
