create or replace function keep_personal(p_request_id text, p_refs text[], p_salts text[], p_values text[]) returns text[]
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  kept text[] := '{}';
  known text;
begin
  if cardinality(p_values) > 5000 or cardinality(p_refs) <> cardinality(p_values)
     or cardinality(p_salts) <> cardinality(p_values) then
    perform refuse('malformed', 'give one reference and one salt per value, at most 5000 at once');
  end if;
  perform take_chain();
  for i in 1 .. cardinality(p_values) loop
    select ref into known from personal where request_id = p_request_id and value = p_values[i] order by ref limit 1;
    if known is null then
      insert into personal (ref, request_id, salt, value) values (p_refs[i], p_request_id, p_salts[i], p_values[i])
        returning ref into known;
    end if;
    kept := kept || known;
  end loop;
  return kept;
end $$;
