-- What an entry of a worker is about, as one text: a second one about the same subject is a repeat or a contradiction.
-- Starting and ending a target are about the same. Null: not of the types that worker_append takes.
-- An index holds its answers: whoever changes it makes that index anew in a numbered migration.
create or replace function entry_subject(p_type text, p_body text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select case p_type
    when 'gate.opened' then jsonb_build_array(p_type, p_body::jsonb -> 'gate', p_body::jsonb -> 'epoch')::text
    when 'gate.closed' then jsonb_build_array(p_type, p_body::jsonb -> 'gate', p_body::jsonb -> 'epoch')::text
    when 'gate.reminded' then jsonb_build_array(p_type, p_body::jsonb -> 'gate', p_body::jsonb -> 'epoch',
      p_body::jsonb -> 'kind', p_body::jsonb -> 'number')::text
    when 'check.passed' then jsonb_build_array(p_type, p_body::jsonb -> 'key')::text
    when 'target.started' then jsonb_build_array('target', p_body::jsonb -> 'target')::text
    when 'target.ended' then jsonb_build_array('target', p_body::jsonb -> 'target')::text
    when 'request.started' then jsonb_build_array(p_type)::text
    when 'request.ended' then jsonb_build_array(p_type)::text
  end
$$;
