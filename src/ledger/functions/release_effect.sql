-- Gives an effect back. Only the session that has it may.
create or replace function release_effect(p_key text, p_beacon bigint) returns boolean
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  delete from effect_hold where key = p_key and pid = pg_backend_pid() and beacon = p_beacon;
  return found;
end $$;
