-- Not granted to any login: erasing is for the owner of the database.
create or replace function erase_personal(p_request_id text, p_refs text[]) returns integer
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  erased integer;
begin
  update personal set value = null, salt = null, erased_at = clock_timestamp()
    where request_id = p_request_id and value is not null and (p_refs is null or ref = any (p_refs));
  get diagnostics erased = row_count;
  return erased;
end $$;
