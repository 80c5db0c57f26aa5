-- Refuses a body that a reader would not take (entry_shape): what is appended once stays for good, so one entry of another shape
-- would break every list that reads it. A type without shapes is none that this version knows.
create or replace function refuse_misshapen(p_type text, p_body text) returns void
language plpgsql stable set search_path = gatehouse, pg_temp as $$
declare
  body jsonb := p_body::jsonb;
  wrong text;
begin
  if not exists (select 1 from entry_shape where type = p_type) then
    perform refuse('malformed', format('%s is no type of entry', p_type));
  end if;
  select place into wrong from entry_shape where type = p_type and body @? fault limit 1;
  if wrong is not null then
    perform refuse('malformed', format('%s: %s is not of its shape', p_type, wrong));
  end if;
end $$;
