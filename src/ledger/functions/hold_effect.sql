-- Takes an effect for the session that calls, alone. False: another session has it. Of two that ask at once the second waits for
-- the first row and then sees it.
create or replace function hold_effect(p_key text, p_beacon bigint) returns boolean
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if not hold_is_alive(pg_backend_pid(), p_beacon) then
    perform refuse('forbidden', 'this session has no beacon: the connection was changed on the way, as a pooler does');
  end if;
  insert into effect_hold as h (key, pid, beacon) values (p_key, pg_backend_pid(), p_beacon)
    on conflict (key) do update set pid = excluded.pid, beacon = excluded.beacon, taken_at = clock_timestamp()
    where not hold_is_alive(h.pid, h.beacon);
  return found;
end $$;
