-- Answers whether anything is new. A note of what has ended already came too late, and is not kept.
create or replace function note_wait(p_request_id text, p_body text) returns boolean
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
  last_seq bigint;
begin
  if not wanted ?& array['target', 'step', 'clause', 'since'] then
    perform refuse('malformed', 'a note of a wait needs target, step, clause and since');
  end if;
  if not exists (select 1 from entry where request_id = p_request_id and type = 'request.accepted')
     or exists (select 1 from entry where request_id = p_request_id and type = 'request.ended') then
    return false;
  end if;
  insert into wait_note (request_id, target, step, clause, since)
    values (p_request_id, wanted ->> 'target', wanted ->> 'step', left(wanted ->> 'clause', 500),
            (wanted ->> 'since')::timestamptz)
    on conflict (request_id, target, step) do update set clause = excluded.clause, since = excluded.since
    where wait_note.clause is distinct from excluded.clause or wait_note.since is distinct from excluded.since;
  if not found then
    return false;
  end if;
  select max(seq) into last_seq from entry;
  perform pg_notify('gatehouse_ledger', last_seq || ' ' || p_request_id);
  return true;
end $$;
