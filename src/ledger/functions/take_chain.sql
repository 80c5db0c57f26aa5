create or replace function take_chain() returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  perform 1 from chain_lock for update;
  if not found then
    raise exception 'the row of chain_lock is missing';
  end if;
end $$;
