create or replace function unpublished_checkpoints(p_place text, p_limit integer)
returns table (seq bigint, hash text, envelope text, total bigint)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select c.seq, c.hash, c.envelope, count(*) over () from checkpoint c
  where not exists (select 1 from publication p where p.place = p_place and p.seq = c.seq)
  order by c.seq limit p_limit
$$;
