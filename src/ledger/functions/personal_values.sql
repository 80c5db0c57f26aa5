create or replace function personal_values(p_refs text[]) returns table (ref text, salt text, value text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select p.ref, p.salt, p.value from personal p where p.ref = any (p_refs) and p.value is not null
$$;
