create or replace function prune_outbox(p_keep_seconds double precision, p_limit integer) returns integer
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  removed integer;
begin
  delete from outbox o where o.id in (
    select old.id from outbox old
    where old.delivered_at < clock_timestamp() - make_interval(secs => p_keep_seconds)
    order by old.delivered_at limit p_limit
    for update skip locked);
  get diagnostics removed = row_count;
  return removed;
end $$;
