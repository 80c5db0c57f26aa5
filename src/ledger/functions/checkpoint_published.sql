create or replace function checkpoint_published(p_place text, p_seq bigint, p_reference text) returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  insert into publication (place, seq, reference) values (p_place, p_seq, p_reference) on conflict do nothing
$$;
