create or replace function append_checkpoint(p_seq bigint, p_hash text, p_envelope text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if not exists (select 1 from entry where seq = p_seq and hash = p_hash) then
    perform refuse('contradiction', 'the chain has no such entry with this hash');
  end if;
  insert into checkpoint (seq, hash, envelope) values (p_seq, p_hash, p_envelope) on conflict (seq) do nothing;
end $$;
