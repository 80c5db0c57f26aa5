-- As `content.shadow` of the signed document says it; nothing is made for a document that cannot be read either. An index holds
-- its answers, so that nobody reads the document again: whoever changes it makes that index anew in a numbered migration.
create or replace function asks_for_shadow(p_accepted text) returns boolean
language plpgsql immutable set search_path = gatehouse, pg_temp as $$
begin
  return case when p_accepted::jsonb ->> 'kind' = 'Promotion'
    then coalesce((p_accepted::jsonb ->> 'document')::jsonb #> '{content,shadow}' = 'true'::jsonb, false)
    else false end;
exception when data_exception then
  return true;
end $$;
