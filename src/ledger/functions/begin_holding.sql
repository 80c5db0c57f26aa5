-- Lights the beacon of a worker's session: holds that it takes last as long as the session does. Removes what sessions that are
-- gone have left. False: somebody has taken a lock of that number; choose another.
create or replace function begin_holding(p_beacon bigint) returns boolean
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_beacon is null or p_beacon <= 0 then
    perform refuse('malformed', 'a beacon is a positive number');
  end if;
  delete from effect_hold h where h.key in (
    select old.key from effect_hold old where not hold_is_alive(old.pid, old.beacon) for update skip locked);
  return pg_try_advisory_lock(p_beacon);
end $$;
